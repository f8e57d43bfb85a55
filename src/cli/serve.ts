import { createLogger } from '../telemetry/logger.ts'
import { loadFromArguments } from './config-option.ts'

/** Time for the connections to Kafka to close, beyond what requests are given. */
const CLOSING_MS = 5000

/** Judges the configuration before anything of the server is loaded. */
export const runServe = async (argv: string[]): Promise<void> => {
  const { config } = loadFromArguments(argv)
  const { closeOnSignal, startServer } = await import('../server/start.ts')
  const log = createLogger(config.log.level)
  const server = await startServer(config, log, { setLogLevel: level => (log.level = level) })
  closeOnSignal(() => server.close(), config.limits.shutdownGraceMs + config.kafka.deliveryTimeoutMs + CLOSING_MS, log)
}
