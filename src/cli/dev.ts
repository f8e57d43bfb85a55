import { parseArgs } from 'node:util'
import { processEnvironment } from '../config/environment.ts'
import { loadConfig } from '../config/load.ts'
import { isBusy } from '../dev/kafka/free-port.ts'
import { DevError } from '../dev/dev-error.ts'
import { LocalServices } from '../dev/local-services.ts'
import { pasteLines } from '../dev/paste-lines.ts'
import { createLogger } from '../telemetry/logger.ts'

const DEFAULT_PORT = '9400'
const IDENTITY_PORT = 9401
const LOOPBACK = ['127.0.0.1', '::1']
const CLOSING_MS = 30_000
const PROGRESS_MS = 5000

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/**
 * Development mode: a broker, an identity provider and certificates of this machine's own, and the gateway in front of
 * them with authentication on, on loopback only.
 *
 * @throws DevError, ConfigError
 */
export const runDev = async (argv: string[]): Promise<void> => {
  const { values } = parseArgs({
    args: argv,
    options: {
      port: { type: 'string', default: DEFAULT_PORT },
      'data-dir': { type: 'string', default: '.local' },
      ephemeral: { type: 'boolean', default: false }
    }
  })
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > 65_534)
    throw new DevError(`--port must be a number from 1 to 65534, not '${values.port}'.`)
  if (await isBusy(port))
    throw new DevError(`Port ${port} is busy. Stop what listens there, or choose another one with --port.`)
  const env = processEnvironment()
  const services = await reportingProgress(() =>
    LocalServices.start({
      dataDir: values['data-dir'],
      ephemeral: values.ephemeral,
      identityPort: port === Number(DEFAULT_PORT) ? IDENTITY_PORT : port + 1,
      gatewayPort: port,
      bootstrapServers: env.KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS?.split(',').map(server => server.trim()),
      say
    })
  )
  await serve(services, port, env)
}

/** Says every few seconds that work which takes long is still going on. */
const reportingProgress = async <T>(work: () => Promise<T>): Promise<T> => {
  const startedMs = performance.now()
  const timer = setInterval(
    () => say(`  still at it after ${Math.round((performance.now() - startedMs) / 1000)} s`),
    PROGRESS_MS
  )
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

const serve = async (services: LocalServices, port: number, env: NodeJS.ProcessEnv): Promise<void> => {
  const settings = services.settings()
  try {
    const { config } = loadConfig({
      env,
      flags: { ...settings, listen: { ...settings.listen, host: 'localhost', port } }
    })
    const { closeOnSignal, startServer } = await import('../server/start.ts')
    const log = createLogger(env.KAFKA_REST_LOG_LEVEL === undefined ? 'warn' : config.log.level)
    const server = await startServer(config, log, { hosts: LOOPBACK, setLogLevel: level => (log.level = level) })
    const close = async (): Promise<void> => {
      say('Stopping the gateway, the identity provider and Kafka')
      await server.close()
      await services.close()
    }
    closeOnSignal(close, config.limits.shutdownGraceMs + CLOSING_MS, log)
    announce(services, port)
  } catch (error) {
    await services.close()
    throw error
  }
}

const announce = ({ identity, certificates, bootstrapServers }: LocalServices, port: number): void => {
  const gatewayUrl = `https://localhost:${port}`
  say(`\nKafka ${bootstrapServers.join(', ')} is served at ${gatewayUrl}. Try it, in another shell in this folder:\n`)
  for (const line of pasteLines({ gatewayUrl, tokenUrl: identity.tokenUrl, caFile: certificates.caFile }))
    say(`${line}\n`)
  say(`The API to read and to try in a browser: ${gatewayUrl}/docs\n`)
  say('Ctrl-C stops everything.')
}
