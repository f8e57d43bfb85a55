import { createLogger } from '../telemetry/logger.ts'
import { loadFromArguments } from './config-option.ts'

/** Judges the configuration before anything of the server is loaded. */
export const runServe = async (argv: string[]): Promise<void> => {
  const { config } = loadFromArguments(argv)
  const { startServer } = await import('../server/start.ts')
  await startServer(config, createLogger(config.log.level))
}
