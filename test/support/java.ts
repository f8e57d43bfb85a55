import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { javaClasses } from './java-classes.ts'

const INTEROP = fileURLToPath(new URL('../features/interop/Interop.java', import.meta.url))

/** Starts a command of Interop.java, which uses Apache's own client. */
export async function startInterop(
  bootstrap: string,
  ...command: readonly string[]
): Promise<ChildProcessWithoutNullStreams> {
  const libs = await kafkaJars('.local', () => undefined)
  const classes = await javaClasses(libs, INTEROP)
  return spawn('java', [
    '-Xmx256m',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    `${classes}:${join(libs, '*')}`,
    '-Dlog4j2.level=OFF',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
    'Interop',
    bootstrap,
    ...command
  ])
}

/** Its lines, when it has ended well. */
export async function interop(bootstrap: string, ...command: readonly string[]): Promise<string[]> {
  const child = await startInterop(bootstrap, ...command)
  const lines: string[] = []
  let errors = ''
  createInterface({ input: child.stdout }).on('line', line => lines.push(line))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const status = await new Promise(resolve => child.once('close', resolve))
  if (status !== 0) throw new Error(`Interop ${command.join(' ')} ended with ${String(status)}: ${errors}`)
  return lines
}

/** A record as v1 shows it. */
export interface ReadRecord {
  readonly key: string | null
  readonly value: string | null
  readonly offset: number
  readonly timestamp: number
  readonly timestampType: string
  readonly headers?: readonly { readonly key: string; readonly value: string | null }[]
}

export function hexOf(text: string | null | undefined): string {
  return text === null || text === undefined ? 'null' : `x${Buffer.from(text).toString('hex')}`
}

/** A record of ours in the form that Interop.java prints. */
export function interopLine({ key, value, offset, timestamp, timestampType, headers = [] }: ReadRecord): string {
  const printed = headers.map(header => `${header.key}=${hexOf(header.value)};`).join('')
  return `${offset} ${timestamp} ${timestampType} ${hexOf(key)} ${hexOf(value)} [${printed}]`
}
