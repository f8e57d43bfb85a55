import type { RecordPage } from '../../core/record-page.ts'
import { KafkaFailure } from '../kafka-failure.ts'
import { PageBuilder } from '../records/page-builder.ts'
import type { LogIdentity } from './batch-cache.ts'
import { takeKept } from './fill-page.ts'
import { PartitionRead, type ReadTools } from './partition-read.ts'
import { isOfAnotherTopic, type Place } from './place.ts'
import { scanOf, type PageEnd, type ReadManyOptions } from './read-request.ts'
import { DeadlinePassed, takeKeptInTurns } from './read-turns.ts'

/** Once some partitions have brought records, the others are waited for no longer than this: their brokers may be frozen. */
const PATIENCE_MS = 1000

/** Is given the part of the page that comes from one place. */
export type UsePart = (page: RecordPage, end: PageEnd, place: Place) => void

/** What is read from one place. */
class Part {
  readonly place: Place
  readonly page: PageBuilder
  readonly read: PartitionRead
  readonly #options: ReadManyOptions
  end: PageEnd['end'] = 'full'
  failure: KafkaFailure | undefined
  isBusy = false
  /** It was left to itself: its page may still change. */
  isAbandoned = false
  #seenBytes = 0

  constructor(tools: ReadTools, place: Place, options: ReadManyOptions, mayGiveUp: () => boolean) {
    this.place = place
    this.#options = options
    this.page = this.#emptyPage()
    this.read = new PartitionRead(tools, { ...place, ...options }, this.page, mayGiveUp)
  }

  /** Whether it may hold more than it was allowed to take. */
  get isOpen(): boolean {
    return (this.end === 'full' || this.end === 'scanned') && !this.isAbandoned
  }

  /** Returns whether it has looked at nothing since the last call: a search takes its time. */
  hasStalled(): boolean {
    const before = this.#seenBytes
    this.#seenBytes = this.page.scannedBytes
    return this.page.filter === undefined || this.#seenBytes === before
  }

  allow(records: number, bytes: number, scanBytes: number): void {
    const { page } = this
    const limits = { ...this.#options.limits, records: page.count + records, bytes: page.payloadBytes + bytes }
    page.limits = limits.scanBytes === undefined ? limits : { ...limits, scanBytes: page.scannedBytes + scanBytes }
    page.full = false
  }

  async fill(): Promise<void> {
    this.isBusy = true
    try {
      this.end = await this.read.fill()
    } catch (error) {
      if (!(error instanceof KafkaFailure)) throw error
      this.end = 'failure'
      this.failure = error
    } finally {
      this.isBusy = false
      if (this.isAbandoned) this.page.recycle()
    }
  }

  /** Takes what is kept here, without asking Kafka. */
  fillFromKept({ metadata, kept }: ReadTools): void {
    const { page } = this
    const { until = Infinity } = this.place
    const log = this.#logIn(metadata)
    this.end = 'log'
    if (log === undefined) return
    for (let before = -1; page.nextOffset > before && page.nextOffset < until;) {
      before = page.nextOffset
      if (!takeKept(kept, log, page)) continue
      this.end = 'full'
      break
    }
    if (page.nextOffset < until) return
    page.cut(until)
    this.end = 'until'
  }

  /** As {@link fillFromKept}, in turns. */
  async searchKept({ metadata, kept }: ReadTools): Promise<void> {
    const { page } = this
    const { until = Infinity } = this.place
    const log = this.#logIn(metadata)
    this.end = 'log'
    if (log === undefined) return
    page.endTurn()
    try {
      for (let before = -1; page.nextOffset > before && page.nextOffset < until && !page.hasScanned;) {
        before = page.nextOffset
        if (takeKept(kept, log, page) || (await takeKeptInTurns(kept, log, page, this.#options.deadline))) break
      }
      this.end = page.full ? 'full' : page.hasScanned ? 'scanned' : 'log'
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error
      this.end = 'full'
    }
    page.settle()
    if (page.nextOffset < until) return
    page.cut(until)
    this.end = 'until'
  }

  #logIn(metadata: ReadTools['metadata']): LogIdentity | undefined {
    const { topic, partition } = this.place
    const known = metadata.peek(topic)
    const leaderEpoch = known?.partitions[partition]?.leaderEpoch
    const topicId = known?.id ?? null
    if (known === undefined || topicId === null || leaderEpoch === undefined) return undefined
    return isOfAnotherTopic(this.place, known) ? undefined : { topic, topicId, partition, leaderEpoch }
  }

  use(use: UsePart): void {
    const { place, end, failure } = this
    const page = this.isAbandoned ? this.#emptyPage() : this.page
    const told = { end: this.isAbandoned ? 'late' : end, ...scanOf(page), ...this.read.bounds } as const
    use(page.build(), failure === undefined ? told : { ...told, failure }, place)
  }

  #emptyPage(): PageBuilder {
    const { partition, offset } = this.place
    return new PageBuilder(partition, offset, this.#options.limits, this.#options.filter)
  }
}

/** Reads a page from many places, for which the limits hold as a whole. See {@link Reads.readMany}. */
export async function readMany(
  tools: ReadTools,
  places: readonly Place[],
  options: ReadManyOptions,
  use: UsePart
): Promise<void> {
  const page = new PageOfMany(tools, places, options)
  try {
    await page.fill()
    for (const part of page.parts) part.use(use)
  } finally {
    page.recycle()
  }
}

class PageOfMany {
  readonly parts: readonly Part[]
  /** In the order of their turns. It begins anywhere, so that a caller who asks for few records starves no partition. */
  readonly #turns: readonly Part[]
  readonly #tools: ReadTools
  readonly #options: ReadManyOptions

  constructor(tools: ReadTools, places: readonly Place[], options: ReadManyOptions) {
    this.#tools = tools
    this.#options = options
    const mayGiveUp = () => this.#count > 0
    this.parts = places.map(place => new Part(tools, place, options, mayGiveUp))
    const first = Math.floor(Math.random() * places.length)
    this.#turns = [...this.parts.slice(first), ...this.parts.slice(0, first)]
  }

  async fill(): Promise<void> {
    if (this.#options.atOnce === true) {
      await this.#takeTurns(turn => this.#fillFromKept(turn))
      if (this.#count > 0 || this.parts.some(({ page }) => page.refused > 0)) return this.#trim()
      for (const part of this.parts) part.end = 'full'
    }
    await this.#takeTurns(turn => this.#fillAll(turn))
    this.#trim()
  }

  recycle(): void {
    for (const part of this.parts) {
      if (part.isBusy) part.isAbandoned = true
      else if (!part.isAbandoned) part.page.recycle()
    }
  }

  get #count(): number {
    return this.parts.reduce((sum, { page, isAbandoned }) => sum + (isAbandoned ? 0 : page.count), 0)
  }

  get #payloadBytes(): number {
    return this.parts.reduce((sum, { page, isAbandoned }) => sum + (isAbandoned ? 0 : page.payloadBytes), 0)
  }

  /** Goes on until the page is full, or nobody has more that fits. */
  async #takeTurns(fill: (turn: readonly Part[]) => Promise<void>): Promise<void> {
    let isShared = true
    let open = this.#turns
    for (;;) {
      const before = this.#count
      const turn = this.#allowed(isShared ? open : open.slice(0, 1))
      if (turn.length === 0) return
      await fill(turn)
      if (this.#options.deadline.passed) return
      // The next record may be larger than a share of what is left, and fit all the same.
      if (this.#count === before && turn.every(({ end, isOpen }) => isOpen && end !== 'scanned')) {
        if (!isShared) open = open.slice(1)
        isShared = false
      }
      open = open.filter(({ isOpen }) => isOpen)
    }
  }

  /** Shares what is left of the limits; returns those that get something. */
  #allowed(open: readonly Part[]): readonly Part[] {
    const { limits } = this.#options
    const records = limits.records - this.#count
    const bytes = limits.bytes - this.#payloadBytes
    const scanned = this.parts.reduce((sum, { page }) => sum + page.scannedBytes, 0)
    const scanBytes = (limits.scanBytes ?? Infinity) - scanned
    if (records <= 0 || bytes <= 0 || scanBytes <= 0) return []
    const turn = open.slice(0, records)
    const shareOf = (whole: number) => Math.max(1, Math.floor(whole / turn.length))
    for (const part of turn) part.allow(shareOf(records), shareOf(bytes), shareOf(scanBytes))
    return turn
  }

  async #fillFromKept(turn: readonly Part[]): Promise<void> {
    if (this.#options.filter !== undefined) await Promise.all(turn.map(part => part.searchKept(this.#tools)))
    else for (const part of turn) part.fillFromKept(this.#tools)
  }

  async #fillAll(turn: readonly Part[]): Promise<void> {
    const all = Promise.all(turn.map(part => part.fill()))
    if (turn.length === 1) return void (await all)
    // What goes wrong in a part that was abandoned concerns nobody.
    all.catch(() => undefined)
    while (!(await isSettledWithin(PATIENCE_MS, all))) {
      if (this.#count === 0) continue
      for (const part of turn) if (part.isBusy && !part.read.isRemote && part.hasStalled()) part.isAbandoned = true
      if (turn.every(({ isBusy, isAbandoned }) => !isBusy || isAbandoned)) return
    }
  }

  /** Each part may hold a record that is larger than its share: only the first one of the page may exceed the limits. */
  #trim(): void {
    let { records, bytes } = this.#options.limits
    for (const part of this.#turns) {
      const { page, isAbandoned } = part
      if (isAbandoned || page.count === 0) continue
      const isFirst = records === this.#options.limits.records
      if ((page.count > records || page.payloadBytes > bytes) && !(isFirst && page.count === 1)) {
        page.cut(Infinity, records, bytes)
        part.end = 'full'
      }
      records -= page.count
      bytes -= page.payloadBytes
    }
  }
}

/** Rejects as `work` does. */
async function isSettledWithin(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>(resolve => {
    timer = setTimeout(() => resolve(false), limitMs)
  })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
