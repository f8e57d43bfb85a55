import { parseArgs } from 'node:util'
import { apiDescriptionText } from '../server/apis.ts'

export const runOpenApi = (argv: string[]): void => {
  parseArgs({ args: argv, options: {} })
  process.stdout.write(apiDescriptionText())
}
