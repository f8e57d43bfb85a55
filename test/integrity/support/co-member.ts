import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { kafkaJars } from '../../../src/dev/kafka/jars.ts'
import { javaClasses } from '../../support/java-classes.ts'
import { type GroupJournal, placeOf } from './group-journal.ts'
import type { Timeline } from './timeline.ts'

export type Client = 'java' | 'librdkafka'

export interface CoMemberOptions {
  readonly bootstrapServers: readonly string[]
  readonly journal: GroupJournal
  readonly timeline: Timeline
  readonly name: string
  readonly topic: string
}

const JAVA = fileURLToPath(new URL('CoMember.java', import.meta.url))
const PYTHON = fileURLToPath(new URL('co_member.py', import.meta.url))
/** Of confluent-kafka, librdkafka for Python. */
const VERSION = '2.16.1'

/** A consumer of another client, in a group with consumer instances. It commits all that it reads. */
export class CoMember {
  /** How long it has stood still at most, its partitions taken back and none given. */
  longestStandstillMs = 0
  isAssigned = false
  readonly #options: CoMemberOptions
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<unknown>
  #revokedMs: number | undefined
  #polledMs = performance.now()

  private constructor(options: CoMemberOptions, command: readonly string[]) {
    const { bootstrapServers, journal, topic } = options
    this.#options = options
    const [program, ...flags] = command
    this.#child = spawn(program, [...flags, bootstrapServers.join(','), journal.group, topic])
    this.#ended = new Promise(over => this.#child.once('close', over))
    createInterface({ input: this.#child.stdout }).on('line', line => this.#take(line))
    this.#child.stderr.resume()
  }

  static async start(client: Client, options: CoMemberOptions): Promise<CoMember> {
    return new CoMember(options, client === 'java' ? await javaCommand() : pythonCommand())
  }

  async untilAssigned(limitMs: number): Promise<void> {
    for (const end = performance.now() + limitMs; !this.isAssigned; await sleep(20))
      if (performance.now() > end) throw new Error(`${this.#options.name} is not assigned anything in ${limitMs} ms`)
  }

  /** Leaves the group. */
  async leave(): Promise<void> {
    this.#revokedMs = undefined
    this.#child.stdin.end()
    await this.#ended
    this.#options.timeline.note(`${this.#options.journal.group}/${this.#options.name} has left`)
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  #take(line: string): void {
    const { journal, timeline, name, topic } = this.#options
    const nowMs = performance.now()
    timeline.note(`${journal.group}/${name} ${line}`)
    const [word, partition, from, to, value] = line.split(' ')
    if (word === 'died') journal.problem(`${name} ${line}`, nowMs)
    if (word === 'revoked') this.#revokedMs = nowMs
    if (word === 'assigned') {
      this.isAssigned = true
      if (this.#revokedMs !== undefined)
        this.longestStandstillMs = Math.max(this.longestStandstillMs, nowMs - this.#revokedMs)
      this.#revokedMs = undefined
    }
    if (word === 'read') {
      const place = placeOf(topic, Number(value.replaceAll('"', '').split(':')[0]), Number(partition))
      journal.add(place, {
        member: name,
        from: Number(from),
        to: Number(to),
        askedMs: this.#polledMs,
        answeredMs: nowMs
      })
    }
    this.#polledMs = nowMs
  }
}

async function javaCommand(): Promise<string[]> {
  const libs = await kafkaJars('.local', () => undefined)
  const classes = await javaClasses(libs, JAVA)
  const flags = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dlog4j2.level=OFF']
  return ['java', ...flags, '-cp', `${classes}:${join(libs, '*')}`, 'CoMember']
}

/** Python's own environment in `.local`, made with pip the first time. */
function pythonCommand(): string[] {
  const folder = resolve('.local', `librdkafka-${VERSION}`)
  const python = join(folder, 'bin', 'python')
  const installed = join(folder, 'installed')
  if (!existsSync(installed))
    for (const [program, ...words] of [
      ['python3', '-m', 'venv', folder],
      [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `confluent-kafka==${VERSION}`],
      ['touch', installed]
    ]) {
      const { status, stderr } = spawnSync(program, words, { encoding: 'utf8', timeout: 120_000 })
      if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`)
    }
  return [python, PYTHON]
}
