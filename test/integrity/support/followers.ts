import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as send } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from './client.ts'
import type { ReadRecord } from './readers.ts'

const PAUSE_MS = 200
const OPEN_AT_A_TIME = 50
const TOLD = 20
const RECORD = /"value":"([^"]*)".*?"partition":(\d+),"offset":(\d+)/

/** Where clients connect to now: another gateway may have taken the place of the first. */
export type TargetNow = () => Target

/**
 * Clients that follow a topic as event streams, and go on at `Last-Event-ID` when their stream ends, as a browser does. Each must
 * see every record of each partition, in order, and again only those behind the last id that it had.
 */
export class Followers {
  readonly problems: string[] = []
  /** By partition and offset, as the first has seen it; the others must see the same. */
  readonly seen: ReadRecord[][] = []
  /** How long each reads nothing after each piece that came. */
  restMs = 0
  /** How many streams ended, whatever the reason. */
  ended = 0
  /** Records of a burst that broke off, and came again. */
  mostRepeated = 0
  readonly #all: Follower[] = []
  readonly #target: TargetNow
  readonly #path: string

  private constructor(target: TargetNow, topic: string) {
    this.#target = target
    this.#path = `/v1/consumer/topics/${topic}/records?from=earliest`
  }

  /** Resolves once all streams have begun. */
  static async start(target: TargetNow, topic: string, count: number): Promise<Followers> {
    const followers = new Followers(target, topic)
    const open = async () => {
      while (followers.#all.length < count) {
        const follower = new Follower(followers)
        followers.#all.push(follower)
        await follower.begun
      }
    }
    await Promise.all(Array.from({ length: OPEN_AT_A_TIME }, open))
    return followers
  }

  /** Resolves once all have seen what is before these ends, by partition. Rejects if they do not. */
  async readTo(ends: readonly number[], limitMs = 60_000): Promise<void> {
    const endMs = performance.now() + limitMs
    const late = () => this.#all.filter(each => ends.some((end, partition) => each.nextOf(partition) < end))
    while (late().length > 0) {
      if (performance.now() > endMs) throw new Error(`${late().length} followers stand still before ${ends.join()}.`)
      await sleep(50)
    }
  }

  /** What all have seen ends there. */
  lowest(partition: number): number {
    return Math.min(...this.#all.map(each => each.nextOf(partition)))
  }

  stop(): void {
    for (const follower of this.#all) follower.stop()
  }

  open(id: string, done: (response: IncomingMessage) => void): ClientRequest {
    const { url, ca, token } = this.#target()
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream', 'last-event-id': id }
    return send(`${url}${this.#path}`, { headers, ca, agent: false, family: 4 }, done)
  }

  take(partition: number, offset: number, value: string): void {
    const seen = (this.seen[partition] ??= [])
    const known = (seen[offset] ??= { offset, value })
    if (known.value !== value) this.problem(`${partition}/${offset} is ${value} for one, ${known.value} for another`)
  }

  problem(text: string): void {
    if (this.problems.length < TOLD) this.problems.push(text)
  }
}

class Follower {
  readonly begun: Promise<void>
  readonly #all: Followers
  readonly #next = new Map<number, number>()
  #hasBegun: () => void = () => undefined
  #request: ClientRequest | undefined
  #isStopped = false
  #rest = ''
  #event = ''
  #id = ''
  /** Records since the last id. */
  #unnamed = 0

  constructor(all: Followers) {
    this.#all = all
    this.begun = new Promise(resolve => (this.#hasBegun = resolve))
    this.#connect()
  }

  nextOf(partition: number): number {
    return this.#next.get(partition) ?? 0
  }

  stop(): void {
    this.#isStopped = true
    this.#request?.destroy()
  }

  #connect(): void {
    this.#rest = ''
    this.#event = ''
    this.#unnamed = 0
    let isOver = false
    const over = () => {
      if (isOver || this.#isStopped) return
      isOver = true
      this.#all.ended++
      this.#all.mostRepeated = Math.max(this.#all.mostRepeated, this.#unnamed)
      setTimeout(() => this.#isStopped || this.#connect(), PAUSE_MS)
    }
    this.#request = this.#all.open(this.#id, response => {
      const { statusCode = 0 } = response
      if (statusCode !== 200 && statusCode < 500) this.#all.problem(`a stream is answered with ${statusCode}`)
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        if (statusCode === 200) this.#take(piece)
        if (this.#all.restMs === 0) return
        response.pause()
        setTimeout(() => response.resume(), this.#all.restMs)
      })
      for (const event of ['end', 'error', 'close']) response.once(event, over)
    })
    this.#request.once('error', over)
    this.#request.once('close', over)
    this.#request.end()
  }

  #take(piece: string): void {
    const lines = (this.#rest + piece).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') this.#event = ''
      else if (line.startsWith('event: ')) this.#event = line.slice(7)
      else if (line.startsWith('data: ')) this.#data(line)
      else if (line.startsWith('id: ')) this.#named(line.slice(4))
    }
  }

  #data(line: string): void {
    if (this.#event === 'failure') this.#all.problem(`a stream fails: ${line}`)
    if (this.#event !== '') return
    const [, value, partitionText, offsetText] = RECORD.exec(line) ?? []
    const [partition, offset] = [Number(partitionText), Number(offsetText)]
    const next = this.#next.get(partition)
    if (offset !== next) this.#all.problem(`${partition}/${offset} where ${next} is next`)
    this.#next.set(partition, offset + 1)
    this.#unnamed++
    this.#all.take(partition, offset, value)
  }

  #named(id: string): void {
    const isFirst = this.#id === ''
    const isResumed = this.#id === id
    this.#id = id
    for (const place of id.slice(id.indexOf(';') + 1).split(',')) {
      const [partition, offset] = place.split(':').map(Number)
      // What came behind the last id comes again.
      if (isFirst || isResumed) this.#next.set(partition, offset)
      else if (this.#next.get(partition) !== offset)
        this.#all.problem(`id ${id}: ${this.#next.get(partition)} is next in ${partition}`)
    }
    this.#unnamed = 0
    this.#hasBegun()
  }
}
