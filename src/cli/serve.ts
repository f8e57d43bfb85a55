import cluster from 'node:cluster'
import { parseArgs } from 'node:util'
import { ConfigError } from '../config/config-error.ts'
import { workerName } from '../config/environment.ts'
import { reloadConfig } from '../config/reload.ts'
import type { Config } from '../config/schema.ts'
import { packageVersion } from '../server/package-version.ts'
import type { StartOptions } from '../server/start.ts'
import { createLogger } from '../telemetry/logger.ts'
import { namedLines, standardOutput } from '../telemetry/standard-output.ts'
import { loadFrom, sourcesFrom } from './config-option.ts'

/** Time for connections to close, beyond the grace of requests and batches. */
const CLOSING_MS = 5000

const graceMsOf = ({ limits, kafka }: Config): number =>
  limits.shutdownDelayMs + limits.shutdownGraceMs + kafka.deliveryTimeoutMs + CLOSING_MS

/** Starts the server. Validates the configuration before it loads any of the server's code. */
export const runServe = async (argv: string[]): Promise<void> => {
  if (cluster.isWorker) return serveAsWorker()
  const { config: file } = parseArgs({ args: argv, options: { config: { type: 'string' } } }).values
  const { config } = loadFrom(file)
  await refuseUnusable(config)
  const { startServer, startUntilSignal } = await import('../server/start.ts')
  const log = createLogger(config.log.level, standardOutput(config.workers > 1))
  log.info(await introduction(file, config), 'Starting')
  const options: StartOptions = {
    setLogLevel: level => (log.level = level),
    rulesSource: { file, load: running => reloadConfig(running, sourcesFrom(file)) }
  }
  const graceMs = graceMsOf(config)
  if (config.workers === 1) {
    await startUntilSignal(
      () => startServer(config, log, options),
      graceMs,
      log,
      server => server.reloadRules()
    )
    return
  }
  const { startWorkers } = await import('../server/workers/parent.ts')
  const start = () => startWorkers(config, log, options)
  await startUntilSignal(start, graceMs + CLOSING_MS, log, workers => workers.reloadRules())
}

/** Throws a ConfigError with the problems of all named files together, before the start finds them one by one. */
const refuseUnusable = async (config: Config): Promise<void> => {
  const { inspect } = await import('../server/inspection.ts')
  const unusable = (await inspect(config)).filter(({ severity }) => severity === 'unusable')
  if (unusable.length > 0) throw new ConfigError(unusable.map(({ text }) => text))
}

/** Returns the fields of the log's first line. */
const introduction = async (file: string | undefined, { listen, management, kafka, workers }: Config) => ({
  version: await packageVersion(),
  node: process.versions.node,
  pid: process.pid,
  config: file ?? 'environment only',
  workers,
  listen: `${listen.host} ${listen.port}`,
  management: management === undefined ? 'off' : `${management.host} ${management.port}`,
  kafka: kafka.bootstrapServers
})

/** Starts one of `config.workers` processes, with the configuration that the parent has read. */
const serveAsWorker = async (): Promise<void> => {
  const { configFromParent, runWorker } = await import('../server/workers/worker.ts')
  const config = await configFromParent()
  const log = createLogger(config.log.level, namedLines(standardOutput(true), workerName()))
  await runWorker(config, log, { setLogLevel: level => (log.level = level) }, graceMsOf(config))
}
