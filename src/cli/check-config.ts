import { describeConfig } from '../config/describe.ts'
import { loadFromArguments } from './config-option.ts'

export const runCheckConfig = async (argv: string[]): Promise<void> => {
  process.stdout.write(describeConfig(loadFromArguments(argv)))
}
