import { parseArgs } from 'node:util'
import { packageVersion } from '../server/package-version.ts'

export const runVersion = async (argv: string[]): Promise<void> => {
  parseArgs({ args: argv, options: {} })
  process.stdout.write(`${await packageVersion()}\n`)
}
