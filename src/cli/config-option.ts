import { parseArgs } from 'node:util'
import { processEnvironment } from '../config/environment.ts'
import { type LoadedConfig, loadConfig } from '../config/load.ts'

/**
 * The configuration that `[--config FILE]` and the environment give.
 *
 * @throws ConfigError
 */
export const loadFromArguments = (argv: string[]): LoadedConfig => {
  const { config: file } = parseArgs({ args: argv, options: { config: { type: 'string' } } }).values
  return loadConfig({ env: processEnvironment(), ...(file === undefined ? {} : { file }) })
}
