import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../src/dev/kafka/local-cluster.ts'
import { GatewayProcess } from '../support/gateway-process.ts'

/**
 * `node test/schemathesis/run.ts [option…]`: Schemathesis tries the running product, with a local Kafka and identity
 * provider, by its own descriptions. Ends with the worst status of Schemathesis; options are handed to it.
 */
const VERSION = '4.32.5'
/** Name of what is there; in hooks.py too. */
const KEPT = 'kept'
/** In the dialect that is configured. */
const DESCRIPTIONS = [
  { path: '/openapi.json', settings: 'schemathesis.toml', mostSeconds: 24 },
  { path: '/openapi/v2.json', settings: 'schemathesis-v2.toml', mostSeconds: 26 }
]
/** For the installation too. */
const TIMEOUT_MS = 170_000
const HERE = fileURLToPath(new URL('.', import.meta.url))

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): number {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', cwd: HERE, env, timeout: TIMEOUT_MS })
  if (error !== undefined) throw error
  return status ?? 1
}

/** Python's own environment, so that nothing of this machine is changed; kept where one is named to keep it in. */
function install(folder: string): string {
  const program = join(folder, 'bin', 'schemathesis')
  if (existsSync(program)) return program
  const python = join(folder, 'bin', 'python')
  const quiet = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
  if (run('python3', ['-m', 'venv', folder]) !== 0 || run(python, [...quiet, `schemathesis==${VERSION}`]) !== 0)
    throw new Error('Schemathesis could not be installed.')
  return program
}

function send({ port, token, ca }: GatewayProcess, method: string, path: string, body?: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    request({ host: 'localhost', family: 4, port, ca, method, path, headers }, response => {
      response.resume()
      const { statusCode = 0 } = response
      if (statusCode < 300) resolve()
      else reject(new Error(`${method} ${path} was answered with ${statusCode}`))
    })
      .on('error', reject)
      .end(body && JSON.stringify(body))
  })
}

/** What is there: a topic of one partition, and an instance that reads it. */
async function prepare(gateway: GatewayProcess): Promise<void> {
  const partitions = [{ topic: KEPT, partition: 0 }]
  await send(gateway, 'PUT', `/v1/topics/${KEPT}`)
  await send(gateway, 'POST', `/topics/${KEPT}`, { records: [{ value: 1 }, { key: 'k', value: null }] })
  await send(gateway, 'POST', `/consumers/${KEPT}`, { name: KEPT, format: 'json', 'auto.offset.reset': 'earliest' })
  await send(gateway, 'POST', `/consumers/${KEPT}/instances/${KEPT}/assignments`, { partitions })
}

const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-schemathesis-'))
try {
  const program = install(process.env.KAFKA_REST_TEST_VENV ?? join(folder, 'venv'))
  const libs = await kafkaJars('.local', say)
  const cluster = await LocalCluster.start({ libs, dataDir: join(folder, 'kafka'), brokers: 1 })
  try {
    const gateway = await GatewayProcess.start({ bootstrapServers: cluster.bootstrapServers })
    try {
      await prepare(gateway)
      const env = {
        ...process.env,
        KAFKA_REST_TEST_TOKEN: gateway.token,
        HYPOTHESIS_STORAGE_DIRECTORY: join(folder, 'hypothesis'),
        PYTHONDONTWRITEBYTECODE: '1'
      }
      for (const { path, settings, mostSeconds } of DESCRIPTIONS) {
        const options = ['--config-file', settings, 'run', `${gateway.url}${path}`, '--no-color', '--checks', 'all']
        const limits = ['--max-time', String(mostSeconds), '--tls-verify', gateway.caFile]
        const status = run(program, [...options, ...limits, ...process.argv.slice(2)], env)
        process.exitCode = Math.max(Number(process.exitCode ?? 0), status)
      }
      const defects = gateway.warnings.filter(({ level }) => level !== 'warn')
      for (const line of defects) say(`The gateway logged ${JSON.stringify(line)}`)
      if (defects.length > 0) process.exitCode = 1
    } finally {
      await gateway.stop()
    }
  } finally {
    await cluster.stop()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
