import { processEnvironment } from '../config/environment.ts'
import { type ConfigSources, type LoadedConfig, loadConfig } from '../config/load.ts'

/** Returns the sources: a file, if given, and the environment. */
export const sourcesFrom = (file: string | undefined): ConfigSources => ({
  env: processEnvironment(),
  ...(file === undefined ? {} : { file })
})

/**
 * Loads the configuration from a file, if given, and the environment.
 *
 * @throws ConfigError
 */
export const loadFrom = (file: string | undefined): LoadedConfig => loadConfig(sourcesFrom(file))
