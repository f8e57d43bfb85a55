import { ConfigError } from '../config/config-error.ts'
import { nearest } from '../core/lib/nearest.ts'
import { WorkerFailure } from '../server/workers/worker-failure.ts'
import { commands } from './commands.ts'
import { commandHelp, generalHelp } from './help.ts'
import { startFailure } from './start-failure.ts'

/** Exit codes: the command failed; the command line is wrong. */
const FAILED = 1
const MISUSED = 2

const isHelp = (argument: string | undefined): boolean => argument === '--help' || argument === '-h'

/** Flags that stand for a command. */
const ALIASES: Readonly<Record<string, string>> = { '--version': 'version', '-v': 'version' }

const complain = (text: string): void => {
  process.stderr.write(`kafka-rest-gateway: ${text}\n`)
}

const isUsageError = (error: Error): boolean =>
  'code' in error && typeof error.code === 'string' && error.code.startsWith('ERR_PARSE_ARGS_')

/** Returns the flag that was probably meant by the unknown one in a message of node:util. */
const meantFlag = (reason: string, name: string): string | undefined => {
  const given = /^Unknown option '(--[^']+)'/.exec(reason)?.[1]
  const flags = (commands.get(name)?.options ?? []).map(([flag]) => flag.split(' ')[0])
  return given === undefined ? undefined : nearest(given, flags)
}

/** Returns whether an error is a defect, which needs its stack. */
const isDefect = (error: unknown): boolean =>
  error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError

const report = (error: unknown, name: string, argv: readonly string[]): number => {
  if (!(error instanceof Error)) {
    complain(String(error))
    return FAILED
  }
  if (error instanceof WorkerFailure) return error.exitCode
  if (isUsageError(error)) {
    const [reason] = error.message.split(/\.\s/, 1)
    const meant = meantFlag(reason, name)
    const suggestion = meant === undefined ? '' : `did you mean ${meant}? `
    complain(`${reason}; ${suggestion}see kafka-rest-gateway ${name} --help`)
    return MISUSED
  }
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`)
    if (name === 'serve' && argv.length === 0)
      complain('no --config FILE was given; docs/configuration.md lists its keys, and the variables that do instead')
  } else complain(isDefect(error) ? (error.stack ?? error.message) : (startFailure(error) ?? error.message))
  return FAILED
}

const refuseCommand = (name: string): number => {
  const meant = nearest(name, commands.keys())
  const suggestion = meant === undefined ? 'see kafka-rest-gateway --help' : `did you mean ${meant}?`
  complain(`unknown ${name.startsWith('-') ? 'option' : 'command'} '${name}'; ${suggestion}`)
  return MISUSED
}

/**
 * Runs the command of the arguments.
 *
 * @returns the exit code; 0 if a server has started
 */
export const runCommandLine = async (argv: readonly string[]): Promise<number> => {
  const [first, ...rest] = argv
  if (first === undefined) {
    process.stderr.write(generalHelp())
    return MISUSED
  }
  if (isHelp(first) || first === 'help') {
    process.stdout.write(generalHelp())
    return 0
  }
  const name = Object.hasOwn(ALIASES, first) ? ALIASES[first] : first
  const command = commands.get(name)
  if (command === undefined) return refuseCommand(name)
  if (rest.some(isHelp)) {
    process.stdout.write(commandHelp(name, command))
    return 0
  }
  try {
    await command.run(rest)
    return 0
  } catch (error) {
    return report(error, name, rest)
  }
}
