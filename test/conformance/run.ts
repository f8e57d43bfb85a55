import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keyLine } from '../../src/auth/api-key-file.ts'
import { digestOf, newKey } from '../../src/auth/api-key-text.ts'
import { JsonClient } from '../../src/core/lib/https-json.ts'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../src/dev/kafka/local-cluster.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { type Client, clients } from './clients.ts'
import { install, type Installed, NotInstalled } from './install.ts'

/**
 * `node test/conformance/run.ts [name…]`: clients that others wrote for Confluent REST Proxy and Strimzi Kafka Bridge work
 * with the running product, unchanged but for address and credential. What cannot be installed here is skipped, and named.
 * Ends with 1 if a client failed.
 */
const STEP_TIMEOUT_MS = 60_000
const HERE = fileURLToPath(new URL('clients/', import.meta.url))
const key = newKey()

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** Starts the whole product, for callers with an API key that may do everything. */
function startGateway(bootstrapServers: readonly string[], keys: string): Promise<GatewayProcess> {
  const operations = ['create', 'describe', 'read', 'write']
  const whom = { issuers: ['apikey'], principals: ['conformance'] }
  const rules = [{ ...whom, operations, topics: ['*'], consumerGroups: ['*'] }]
  return GatewayProcess.start({ bootstrapServers, settings: { auth: { apiKeys: { file: keys }, rules } } })
}

async function createTopic({ url, caFile }: GatewayProcess, name: string): Promise<void> {
  const client = new JsonClient({ caFile, timeoutMs: STEP_TIMEOUT_MS })
  const headers = { authorization: `Bearer ${key.text}` }
  const { status, body } = await client.request({ url: `${url}/admin/topics`, headers, json: { topic_name: name } })
  client.close()
  if (status !== 201) throw new Error(`Topic ${name} was not created: ${JSON.stringify(body)}`)
}

/** Runs one file of a client. Resolves with what it complained about, if it failed. */
function runStep(file: string, { command, env }: Installed, gateway: GatewayProcess, topic: string, folder: string) {
  return new Promise<string | undefined>((resolve, reject) => {
    const child = spawn(command, [join(HERE, file)], {
      cwd: folder,
      timeout: STEP_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        ...env,
        KAFKA_REST_TEST_URL: gateway.url,
        KAFKA_REST_TEST_KEY: key.text,
        KAFKA_REST_TEST_TOPIC: topic,
        SSL_CERT_FILE: gateway.caFile,
        REQUESTS_CA_BUNDLE: gateway.caFile,
        NODE_EXTRA_CA_CERTS: gateway.caFile
      }
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', reject)
    child.on('close', (status, signal) => resolve(status === 0 ? undefined : `${output}${file}: ${status ?? signal}`))
  })
}

const counts = { passed: 0, failed: 0, skipped: 0 }
const wanted = process.argv.slice(2)
const chosen = clients.filter(({ name }) => wanted.length === 0 || wanted.some(each => name.startsWith(each)))
const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-conformance-'))
const folderOf = ({ name }: Client) => join(folder, name)
const installing = chosen.map(client => install(client, folderOf(client)).catch((error: unknown) => error))
let cluster: LocalCluster | undefined
let gateway: GatewayProcess | undefined
try {
  const keys = join(folder, 'keys')
  const entry = { id: key.id, sha256: digestOf(key.text).toString('hex'), principal: 'conformance' }
  const always = { groups: [], roles: [], networks: [], createdMs: 0, expiresMs: undefined, revokedMs: undefined }
  writeFileSync(keys, keyLine({ ...entry, ...always }))
  cluster = await LocalCluster.start({
    libs: await kafkaJars('.local', say),
    dataDir: join(folder, 'kafka'),
    brokers: 1
  })
  gateway = await startGateway(cluster.bootstrapServers, keys)
  for (const [at, client] of chosen.entries()) {
    const installed = await installing[at]
    if (installed instanceof NotInstalled) {
      counts.skipped++
      say(`skipped  ${client.name}: ${installed.message}`)
      continue
    }
    if (installed instanceof Error) throw installed
    const topic = `conformance-${at}`
    for (const name of [topic, `${topic}-response`]) await createTopic(gateway, name)
    let complaint: string | undefined
    for (const [step, file] of client.steps.entries()) {
      if (step > 0) {
        await gateway.stop()
        gateway = await startGateway(cluster.bootstrapServers, keys)
      }
      complaint ??= await runStep(file, installed as Installed, gateway, topic, folderOf(client))
    }
    counts[complaint === undefined ? 'passed' : 'failed']++
    say(complaint === undefined ? `passed   ${client.name}: ${client.shows}` : `failed   ${client.name}: ${complaint}`)
  }
} finally {
  await Promise.all(installing)
  await gateway?.stop()
  await cluster?.stop()
  rmSync(folder, { recursive: true, force: true })
}
say(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
if (counts.failed > 0) process.exitCode = 1
