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
 * provider, by its own description. Ends with the status of Schemathesis; options are handed to it.
 */
const VERSION = '4.32.5'
/** Named in hooks.py too. */
const TOPIC = 'kept'
const MOST_SECONDS = 60
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

function createTopic({ port, token, ca }: GatewayProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` }
    const options = { host: 'localhost', family: 4, port, ca, method: 'PUT', path: `/v1/topics/${TOPIC}`, headers }
    request(options, response => {
      response.resume()
      if (response.statusCode === 200) resolve()
      else reject(new Error(`Topic ${TOPIC} was not created: ${response.statusCode}`))
    })
      .on('error', reject)
      .end()
  })
}

const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-schemathesis-'))
try {
  const program = install(process.env.KAFKA_REST_TEST_VENV ?? join(folder, 'venv'))
  const libs = await kafkaJars('.local', say)
  const cluster = await LocalCluster.start({ libs, dataDir: join(folder, 'kafka'), brokers: 1 })
  try {
    const gateway = await GatewayProcess.start({ bootstrapServers: cluster.bootstrapServers })
    try {
      await createTopic(gateway)
      const options = ['run', `${gateway.url}/openapi.json`, '--no-color', '--checks', 'all']
      const limits = ['--max-time', String(MOST_SECONDS), '--tls-verify', gateway.caFile]
      process.exitCode = run(program, [...options, ...limits, ...process.argv.slice(2)], {
        ...process.env,
        KAFKA_REST_TEST_TOKEN: gateway.token,
        HYPOTHESIS_STORAGE_DIRECTORY: join(folder, 'hypothesis'),
        PYTHONDONTWRITEBYTECODE: '1'
      })
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
