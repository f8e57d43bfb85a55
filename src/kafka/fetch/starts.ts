import type { Deadline } from '../../core/deadline.ts'
import type { RecordPage } from '../../core/record-page.ts'
import { topicUnknown } from '../kafka-failure.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import type { FetchMetadata, FetchOffsets } from './ports.ts'
import type { Isolation, PageEnd, ReadRequest } from './read-request.ts'
import { checkPartition, isWithin, outOfRange } from './trouble.ts'

/**
 * Where to begin in a partition: at an offset; at its first record, at its end; at the last so many records, of the whole
 * or before an offset; at the first record with that timestamp (milliseconds since 1970) or a later one, else at the end.
 */
export type Start =
  | number
  | 'earliest'
  | 'latest'
  | { readonly last: number; readonly before?: number }
  | { readonly sinceMs: number }

export interface StartsTools {
  readonly metadata: FetchMetadata
  readonly offsets: FetchOffsets
  read(request: ReadRequest, use: (page: RecordPage, end: PageEnd) => PageEnd['end']): Promise<PageEnd['end']>
}

interface Bounds {
  readonly earliest: number
  readonly end: number
}

/** How far to look back for N records, in multiples of N offsets: compaction, aborted records and markers leave holes. */
const LOOK_BACK = [1, 4, 16, 64]
/** What is read of a partition at most to count its records, decompressed. */
const LOOK_BACK_BYTES = 64 * 1024 * 1024
const PAGE_RECORDS = 10_000

/**
 * Returns the offsets at which to begin. Leaves out partitions that nobody leads. Throws a ReadFailure (`unknownPartition`,
 * `outOfRange` with the bounds) or a KafkaFailure.
 */
export async function findStarts(
  tools: StartsTools,
  topic: string,
  from: ReadonlyMap<number, Start>,
  isolation: Isolation,
  deadline: Deadline
): Promise<ReadonlyMap<number, number>> {
  const metadata = tools.metadata.peek(topic) ?? (await tools.metadata.topic(topic, deadline))
  if (metadata === null) throw topicUnknown(topic)
  for (const partition of from.keys()) checkPartition(metadata, topic, partition)
  const search = new StartSearch(tools, metadata, isolation, deadline)
  const found = await Promise.all([
    search.bound(
      'earliest',
      partitionsOf(from, start => start === 'earliest')
    ),
    search.bound(
      'latest',
      partitionsOf(from, start => start === 'latest')
    ),
    search.checked(from),
    search.last(from),
    search.since(from)
  ])
  const starts = new Map<number, number>()
  for (const partition of from.keys()) {
    const start = found.map(each => each.get(partition)).find(each => each !== undefined)
    if (start !== undefined) starts.set(partition, start)
  }
  return starts
}

type Offsets = ReadonlyMap<number, number>

class StartSearch {
  readonly #tools: StartsTools
  readonly #topic: TopicMetadata
  readonly #isolation: Isolation
  readonly #deadline: Deadline

  constructor(tools: StartsTools, topic: TopicMetadata, isolation: Isolation, deadline: Deadline) {
    this.#tools = tools
    this.#topic = topic
    this.#isolation = isolation
    this.#deadline = deadline
  }

  /** Asks each leader once. */
  bound(which: 'earliest' | 'latest', partitions: readonly number[], isolation = this.#isolation): Promise<Offsets> {
    if (partitions.length === 0) return Promise.resolve(new Map())
    return this.#tools.offsets.boundsOf(this.#topic, partitions, which, isolation, this.#deadline)
  }

  /** Returns the offsets that are named, and throws if one of them is out of range. */
  async checked(from: ReadonlyMap<number, Start>): Promise<Offsets> {
    const named = new Map<number, number>()
    for (const [partition, start] of from) if (typeof start === 'number') named.set(partition, start)
    const partitions = [...named.keys()]
    const [firsts, ends] = await Promise.all([
      this.bound('earliest', partitions),
      this.bound('latest', partitions, 'uncommitted')
    ])
    const { name } = this.#topic
    for (const [partition, offset] of named) {
      const [earliest, logEnd] = [firsts.get(partition), ends.get(partition)]
      if (earliest === undefined || logEnd === undefined) named.delete(partition)
      else if (offset < earliest || offset > logEnd) {
        const bounds = await this.#tools.offsets.bounds(name, partition, this.#deadline)
        if (!isWithin(bounds, offset)) throw outOfRange(name, partition, offset, bounds)
      }
    }
    return named
  }

  /** The end is asked for first: what is stored meanwhile is not to be missed if nothing has that timestamp yet. */
  async since(from: ReadonlyMap<number, Start>): Promise<Offsets> {
    const times = new Map<number, number[]>()
    for (const [partition, start] of from) {
      if (typeof start !== 'object' || !('sinceMs' in start)) continue
      times.set(start.sinceMs, [...(times.get(start.sinceMs) ?? []), partition])
    }
    const ends = await this.bound('latest', [...times.values()].flat())
    const found = new Map<number, number>()
    for (const [sinceMs, partitions] of times) {
      const { offsets } = this.#tools
      const answers = await offsets.offsetsSince(this.#topic, partitions, sinceMs, this.#isolation, this.#deadline)
      for (const [partition, offset] of answers) {
        const start = offset >= 0 ? offset : ends.get(partition)
        if (start !== undefined) found.set(partition, start)
      }
    }
    return found
  }

  async last(from: ReadonlyMap<number, Start>): Promise<Offsets> {
    const wanted = [...from].flatMap(([partition, start]) =>
      typeof start === 'object' && 'last' in start ? [{ partition, ...start }] : []
    )
    const partitions = wanted.map(({ partition }) => partition)
    const [firsts, ends] = await Promise.all([this.bound('earliest', partitions), this.bound('latest', partitions)])
    const found = new Map<number, number>()
    await Promise.all(
      wanted.map(async ({ partition, last, before = Infinity }) => {
        const [earliest, logEnd] = [firsts.get(partition), ends.get(partition)]
        if (earliest === undefined || logEnd === undefined) return
        const end = Math.max(earliest, Math.min(before, logEnd))
        found.set(partition, await this.#startOfLast(partition, last, { earliest, end }))
      })
    )
    return found
  }

  /** Looks back step by step; what a step has seen is not read again by the next one. */
  async #startOfLast(partition: number, count: number, { earliest, end }: Bounds): Promise<number> {
    let missing = count
    let start = end
    let seenFrom = end
    let leftBytes = LOOK_BACK_BYTES
    for (const times of LOOK_BACK) {
      if (missing === 0 || seenFrom === earliest) break
      // All that is stored: no need to count it.
      if (count >= end - earliest) return earliest
      const lookFrom = Math.max(earliest, end - times * count)
      const last = new LastOffsets(missing)
      const isWhole = await this.#collect(partition, lookFrom, seenFrom, last, leftBytes)
      // Too much to read it all: then offsets count instead of records.
      if (!isWhole) return Math.min(start, lookFrom)
      start = last.first ?? start
      missing -= last.count
      seenFrom = lookFrom
      leftBytes -= last.readBytes
    }
    return start
  }

  async #collect(partition: number, from: number, until: number, last: LastOffsets, limitBytes: number) {
    const { name: topic, id: topicId } = this.#topic
    const [isolation, deadline] = [this.#isolation, this.#deadline]
    let offset = from
    for (;;) {
      const scanBytes = limitBytes - last.readBytes
      if (scanBytes <= 0) return false
      const limits = { records: PAGE_RECORDS, bytes: LOOK_BACK_BYTES, keyBytes: 0, valueBytes: 0, scanBytes }
      const request = { topic, topicId, partition, offset, until, isolation, limits, deadline }
      const end = await this.#tools.read(request, (page, pageEnd) => {
        last.add(page, pageEnd.scannedBytes)
        offset = page.nextOffset
        return pageEnd.end
      })
      if (end !== 'full') return end === 'log' || end === 'until'
    }
  }
}

/** Remembers the last so many offsets that it was shown. */
class LastOffsets {
  readonly #limit: number
  #offsets = new Float64Array(0)
  #shown = 0
  readBytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many are remembered. */
  get count(): number {
    return Math.min(this.#shown, this.#limit)
  }

  /** The earliest that is remembered. */
  get first(): number | undefined {
    if (this.#shown === 0) return undefined
    return this.#offsets[this.#shown <= this.#limit ? 0 : this.#shown % this.#limit]
  }

  add({ count, offsets }: RecordPage, scannedBytes: number): void {
    this.#growFor(count)
    for (let row = 0; row < count; row++) this.#offsets[this.#shown++ % this.#limit] = offsets[row]
    this.readBytes += scannedBytes
  }

  /** The limit may be far more than a log holds: memory is taken for what was seen. */
  #growFor(count: number): void {
    const needed = Math.min(this.#limit, this.#shown + count)
    if (needed <= this.#offsets.length) return
    const larger = new Float64Array(Math.min(this.#limit, 2 * needed))
    larger.set(this.#offsets)
    this.#offsets = larger
  }
}

function partitionsOf(from: ReadonlyMap<number, Start>, matches: (start: Start) => boolean): number[] {
  return [...from].flatMap(([partition, start]) => (matches(start) ? [partition] : []))
}
