import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { javaClasses } from './java-classes.ts'

const INTEROP = fileURLToPath(new URL('../features/interop/Interop.java', import.meta.url))

/** Apache's own client, one process for all that a test asks of it: see Interop.java. */
export class Interop {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  readonly #closed: Promise<unknown>
  #errors = ''

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    this.#closed = once(child, 'close')
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text))
    child.stdin.on('error', () => undefined)
  }

  static async start(bootstrap: string): Promise<Interop> {
    const libs = await kafkaJars('.local', () => undefined)
    const classes = await javaClasses(libs, INTEROP)
    const flags = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', `${classes}:${join(libs, '*')}`]
    const quiet = ['-Dlog4j2.level=OFF', '-Dorg.slf4j.simpleLogger.defaultLogLevel=off']
    return new Interop(spawn('java', [...flags, ...quiet, 'Interop', bootstrap]))
  }

  /** Returns the lines that the command prints. One command at a time. */
  async ask(...command: readonly string[]): Promise<string[]> {
    this.#child.stdin.write(`${command.join(' ')}\n`)
    const lines: string[] = []
    for (;;) {
      const { done, value } = await this.#lines.next()
      if (done === true) throw new Error(`Interop ${command.join(' ')} failed: ${this.#errors}`)
      if (value === '.') return lines
      lines.push(value)
    }
  }

  async close(): Promise<void> {
    this.#child.stdin.end()
    await this.#closed
  }
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
