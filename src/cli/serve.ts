import { parseArgs } from 'node:util'
import { loadAccess } from '../config/load.ts'
import type { StartOptions } from '../server/start.ts'
import { createLogger } from '../telemetry/logger.ts'
import { standardOutput } from '../telemetry/standard-output.ts'
import { loadFrom, sourcesFrom } from './config-option.ts'

/** Time for the connections to Kafka to close, beyond what requests are given. */
const CLOSING_MS = 5000

/** Judges the configuration before anything of the server is loaded. */
export const runServe = async (argv: string[]): Promise<void> => {
  const { config: file } = parseArgs({ args: argv, options: { config: { type: 'string' } } }).values
  const { config } = loadFrom(file)
  const { closeOnSignal, startServer } = await import('../server/start.ts')
  const log = createLogger(config.log.level, standardOutput(config.workers > 1))
  const options: StartOptions = {
    setLogLevel: level => (log.level = level),
    rulesSource: { file, load: () => loadAccess(sourcesFrom(file)) }
  }
  const graceMs = config.limits.shutdownGraceMs + config.kafka.deliveryTimeoutMs + CLOSING_MS
  if (config.workers === 1) {
    const server = await startServer(config, log, options)
    closeOnSignal(
      () => server.close(),
      graceMs,
      log,
      () => server.reloadRules()
    )
    return
  }
  const { isWorker, runWorker } = await import('../server/workers/worker.ts')
  if (isWorker()) {
    await runWorker(config, log, options, graceMs)
    return
  }
  const { startWorkers } = await import('../server/workers/parent.ts')
  const crew = await startWorkers(config, log, options)
  closeOnSignal(
    () => crew.close(),
    graceMs + CLOSING_MS,
    log,
    () => crew.reloadRules()
  )
}
