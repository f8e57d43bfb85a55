import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { kafkaJars } from '../../../src/dev/kafka/jars.ts'
import { javaClasses } from '../../support/java-classes.ts'

const SOURCE = fileURLToPath(new URL('GroupClient.java', import.meta.url))

/** A consumer of Apache's own client, in a process of its own: see GroupClient.java. */
export class JavaConsumer {
  /** `assigned …`, `revoked …` and `died …`, as they came. */
  readonly lines: string[] = []
  readonly #child: ChildProcessWithoutNullStreams

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    createInterface({ input: child.stdout }).on('line', line => this.lines.push(line))
    child.stderr.resume()
  }

  static async start(bootstrap: string, group: string, topics: string, ...settings: string[]): Promise<JavaConsumer> {
    const libs = await kafkaJars('.local', () => undefined)
    const classes = await javaClasses(libs, SOURCE)
    const options = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dlog4j2.level=OFF']
    const classPath = `${classes}:${join(libs, '*')}`
    const program = ['GroupClient', bootstrap, group, topics, ...settings]
    return new JavaConsumer(spawn('java', [...options, '-cp', classPath, ...program]))
  }

  /** What it is assigned now, sorted; null before, and while it has given them back. */
  get partitions(): string[] | null {
    const [kind, text = ''] = (this.lines.at(-1) ?? '').split(' ')
    if (kind !== 'assigned') return null
    return text === '' ? [] : text.split(',')
  }

  get died(): string | undefined {
    return this.lines.find(line => line.startsWith('died'))
  }

  /** Leaves the group. */
  async leave(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.stdin.end()
    await closed
  }

  /** It answers nothing, and polls nothing, until it is thawed. */
  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
