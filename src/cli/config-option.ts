import { parseArgs } from 'node:util'
import { processEnvironment } from '../config/environment.ts'
import { type ConfigSources, type LoadedConfig, loadConfig } from '../config/load.ts'

/** A file, if any, and the environment. */
export const sourcesFrom = (file: string | undefined): ConfigSources => ({
  env: processEnvironment(),
  ...(file === undefined ? {} : { file })
})

/**
 * The configuration that a file, if any, and the environment give.
 *
 * @throws ConfigError
 */
export const loadFrom = (file: string | undefined): LoadedConfig => loadConfig(sourcesFrom(file))

/**
 * The configuration that `[--config FILE]` and the environment give.
 *
 * @throws ConfigError
 */
export const loadFromArguments = (argv: string[]): LoadedConfig =>
  loadFrom(parseArgs({ args: argv, options: { config: { type: 'string' } } }).values.config)
