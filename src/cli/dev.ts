import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { KEY_FILE_HEAD, keyLine, makeKey } from '../auth/api-key-file.ts'
import { overriddenVariables, processEnvironment } from '../config/environment.ts'
import { loadConfig } from '../config/load.ts'
import { operations } from '../core/principal.ts'
import { DevError } from '../dev/dev-error.ts'
import { GROUP_ID } from '../dev/identity/directory.ts'
import { isBusy, loopbackAddresses } from '../dev/kafka/free-port.ts'
import { LocalServices } from '../dev/local-services.ts'
import { exampleLine, pasteLines, tokenCommand } from '../dev/paste-lines.ts'
import type { RunningServer } from '../server/start.ts'
import { createLogger } from '../telemetry/logger.ts'

/** Whom the API key of development mode names. */
const DEVELOPER = 'developer'
/** Everything for the key, and for members of the local directory's group. */
const EVERYTHING = { operations: [...operations], topics: ['*'], consumerGroups: ['*'] }
const RULES = [
  { ...EVERYTHING, issuers: ['apikey'], principals: [DEVELOPER] },
  { ...EVERYTHING, groups: [GROUP_ID] }
]
const DEFAULT_PORT = 9400
const IDENTITY_PORT = 9401
const PORT_VARIABLE = 'KAFKA_REST_LISTEN_PORT'
const BOOTSTRAP_VARIABLE = 'KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS'
const CLOSING_MS = 30_000
const PROGRESS_MS = 5000
/** How long to wait for a cluster before saying that it has not answered yet. */
const READY_LIMIT_MS = 5000

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/**
 * Runs development mode: a broker, an identity provider, certificates, and the gateway in front of them with authentication
 * on. Everything listens on loopback only.
 *
 * @throws DevError, ConfigError
 */
export const runDev = async (argv: string[]): Promise<void> => {
  const { values } = parseArgs({
    args: argv,
    options: {
      port: { type: 'string' },
      'data-dir': { type: 'string', default: '.local' },
      ephemeral: { type: 'boolean', default: false }
    }
  })
  const env = processEnvironment()
  const port = portFrom(values.port, env)
  if (await isBusy(port))
    throw new DevError(`Port ${port} is busy. Stop what listens there, or choose another one with --port.`)
  const services = await reportingProgress(() =>
    LocalServices.start({
      dataDir: values['data-dir'],
      ephemeral: values.ephemeral,
      identityPort: port === DEFAULT_PORT ? IDENTITY_PORT : port + 1,
      gatewayPort: port,
      bootstrapServers: env[BOOTSTRAP_VARIABLE]?.split(',').map(server => server.trim()),
      say
    })
  )
  const keyFile = join(resolve(values['data-dir']), 'api-keys')
  await serve(services, { port, keyFile, env, honoured: values.port === undefined ? [PORT_VARIABLE] : [] })
}

/** Writes a file with one new key. Returns the key. */
const developerKey = (file: string): string => {
  const chosen = { principal: DEVELOPER, groups: [], roles: [], networks: [], expiresMs: undefined }
  const { text, entry } = makeKey(chosen, Date.now())
  writeFileSync(file, `${KEY_FILE_HEAD}${keyLine(entry)}\n`, { mode: 0o600 })
  return text
}

/** Returns the gateway's port. The identity provider takes the next one. */
const portFrom = (flag: string | undefined, env: NodeJS.ProcessEnv): number => {
  const text = flag ?? env[PORT_VARIABLE] ?? String(DEFAULT_PORT)
  const port = Number(text)
  if (Number.isInteger(port) && port >= 1 && port <= 65_534) return port
  const name = flag === undefined ? PORT_VARIABLE : '--port'
  throw new DevError(`${name} must be a number from 1 to 65534, not '${text}'.`)
}

/** Prints every few seconds that `work` is still going on. */
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

interface Serving {
  readonly port: number
  readonly keyFile: string
  readonly env: NodeJS.ProcessEnv
  /** Variables that development mode itself has read. */
  readonly honoured: readonly string[]
}

const serve = async (services: LocalServices, { port, keyFile, env, honoured }: Serving): Promise<void> => {
  const settings = services.settings()
  try {
    const apiKey = developerKey(keyFile)
    const { config, sources } = loadConfig({
      env,
      flags: {
        ...settings,
        listen: { ...settings.listen, host: 'localhost', port },
        auth: { ...settings.auth, apiKeys: { file: keyFile }, rules: RULES },
        workers: 1
      }
    })
    const ignored = overriddenVariables(env, sources).filter(
      name => name !== BOOTSTRAP_VARIABLE && !honoured.includes(name)
    )
    if (ignored.length > 0) say(`Not used in development mode: ${ignored.join(', ')}`)
    const { startServer, startUntilSignal } = await import('../server/start.ts')
    const log = createLogger(env.KAFKA_REST_LOG_LEVEL === undefined ? 'warn' : config.log.level)
    const options = {
      hosts: await loopbackAddresses(),
      frontPage: true,
      setLogLevel: (level: typeof log.level) => (log.level = level)
    }
    const start = async () => {
      const server = await startServer(config, log, options)
      return { ready: () => server.ready(), close: () => stop(services, server) }
    }
    const running = await startUntilSignal(start, config.limits.shutdownGraceMs + CLOSING_MS, log)
    announce(services, port, apiKey, await becomesReady(running.ready))
  } catch (error) {
    await services.close()
    throw error
  }
}

const stop = async (services: LocalServices, server: RunningServer): Promise<void> => {
  const others = services.ownsCluster ? 'the identity provider and Kafka' : 'the identity provider'
  say(`Stopping the gateway${services.ownsCluster ? ', ' : ' and '}${others}`)
  await server.close()
  await services.close()
}

const becomesReady = async (isReady: () => boolean): Promise<boolean> => {
  for (const end = performance.now() + READY_LIMIT_MS; performance.now() < end; await sleep(20))
    if (isReady()) return true
  return isReady()
}

const announce = (services: LocalServices, port: number, apiKey: string, ready: boolean): void => {
  const { identity, certificates, bootstrapServers } = services
  const gatewayUrl = `https://localhost:${port}`
  const options = { gatewayUrl, tokenUrl: identity.tokenUrl, caFile: certificates.caFile }
  const kafka = `Kafka ${bootstrapServers.join(', ')}`
  const state = ready
    ? `${kafka} is served at ${gatewayUrl}.`
    : `${kafka} has not answered yet. ${gatewayUrl} serves it as soon as it does, and answers 503 until then.`
  say(`\n${state} Try it, in another shell in this folder:\n`)
  for (const line of pasteLines(options, apiKey)) say(`${line}\n`)
  say(`With a token of the local identity provider in place of the API key:\n\n  TOKEN=$(${tokenCommand(options)})\n`)
  say(`To run the programs in examples/, in such a shell:\n\n${exampleLine(options)}\n`)
  say(`The API to read and to try in a browser: ${gatewayUrl}/docs\n`)
  say('Ctrl-C stops everything that was started here.')
}
