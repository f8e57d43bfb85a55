import { parseArgs } from 'node:util'
import { processEnvironment } from '../config/environment.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'

/**
 * The configuration that a file, if any, and the environment give.
 *
 * @throws ConfigError
 */
export const loadFrom = (file: string | undefined): LoadedConfig =>
  loadConfig({ env: processEnvironment(), ...(file === undefined ? {} : { file }) })

/**
 * The configuration that `[--config FILE]` and the environment give.
 *
 * @throws ConfigError
 */
export const loadFromArguments = (argv: string[]): LoadedConfig =>
  loadFrom(parseArgs({ args: argv, options: { config: { type: 'string' } } }).values.config)
