import { Deadline } from '../../core/deadline.ts'
import type { GatewayError } from '../../core/errors.ts'
import type { Meter } from '../../core/meter.ts'
import type { RecordPage } from '../../core/record-page.ts'
import type { Place } from '../../kafka/fetch/place.ts'
import { ReadFailure } from '../../kafka/fetch/read-failure.ts'
import type { PageEnd } from '../../kafka/fetch/read-request.ts'
import type { Reads } from '../../kafka/fetch/reads.ts'
import type { KafkaFailure } from '../../kafka/kafka-failure.ts'
import type { TopicMetadata } from '../../kafka/metadata/topic-metadata.ts'
import type { RecordFilter } from '../../kafka/records/page-builder.ts'
import { both, holding, withKey } from '../../kafka/records/record-filter.ts'
import type {
  FollowRead,
  FollowRequest,
  PageLimits,
  Position,
  RecordChoice,
  Start,
  TopicFollower,
  WaitLimits
} from '../gateway.ts'
import { callerError, gatewayError } from '../kafka-failures.ts'
import { deadlineExceeded, isUnfinished, readError } from '../read-errors.ts'
import { type FollowMetadata, type FollowStart, idPrefix, positionOfAnotherTopic } from './follow-start.ts'

export interface FollowTools {
  readonly metadata: FollowMetadata
  readonly reads: Pick<Reads, 'starts' | 'readMany' | 'wait'>
  readonly meter: Meter
}

/** A partition in trouble is left out of reads for so long, so that it does not hold up the others. */
const TROUBLE_MS = 2000
/** How often partitions are looked for again that nobody led when they were to be begun. */
const UNLED_MS = 1000
/** More would come at once, if it were read. */
const MORE: ReadonlySet<PageEnd['end']> = new Set(['full', 'remote', 'passed', 'scanned'])

/** Reads many partitions of a topic from where the last read ended. It belongs to one caller, and keeps offsets only. */
export class Follower implements TopicFollower {
  readonly #tools: FollowTools
  readonly #topic: TopicMetadata
  readonly #request: FollowRequest
  /** All partitions, those included that are added later. */
  readonly #isWhole: boolean
  readonly #offsets = new Map<number, number>()
  /** Where to begin in partitions that nobody has led so far. */
  readonly #unled: Map<number, Start>
  readonly #troubleUntilMs = new Map<number, number>()
  /** What the last wait has found; undefined to read all. */
  #ready: ReadonlySet<number> | undefined
  hasMore = true
  readonly #filter: RecordFilter | undefined
  /** Where to stop; empty to go on for ever. */
  readonly #stops: Map<number, Start>

  constructor(tools: FollowTools, { topic, starts, stops }: FollowStart, request: FollowRequest) {
    const { partition, partitions, partitionOf, checked = false, only = {} } = request
    this.#tools = tools
    this.#topic = topic
    this.#request = request
    this.#isWhole = partition === undefined && partitions === undefined && partitionOf === undefined && stops.size === 0
    this.#unled = starts
    this.#stops = stops
    this.#filter = filterOf(only)
    if (checked) return
    for (const [partition, start] of starts) {
      if (typeof start !== 'number') continue
      this.#offsets.set(partition, start)
      starts.delete(partition)
    }
  }

  get position(): Position {
    const starts = new Map<number, Start>([...this.#offsets, ...this.#unled])
    return {
      topicId: idPrefix(this.#topic),
      starts: new Map([...starts].toSorted(([one], [other]) => one - other))
    }
  }

  get isComplete(): boolean {
    if (this.#stops.size === 0 || this.#unled.size > 0) return false
    return [...this.#offsets].every(([partition, offset]) => offset >= this.#stopOf(partition))
  }

  at({ starts }: Position): TopicFollower {
    const start = { topic: this.#topic, starts: new Map(starts), stops: this.#stops }
    return new Follower(this.#tools, start, { ...this.#request, checked: false })
  }

  /** Finds where to begin, and to stop. Throws OFFSET_OUT_OF_RANGE, with both bounds. */
  async begin(deadline: Deadline): Promise<void> {
    this.#join()
    const open = new Map([...this.#stops].filter(([, stop]) => typeof stop !== 'number'))
    if (open.size > 0)
      for (const [partition, offset] of await this.#startsOf(open, deadline)) this.#stops.set(partition, offset)
    if (this.#unled.size === 0) return
    const wanted = new Map([...this.#unled].map(([partition, start]) => [partition, this.#before(partition, start)]))
    for (const [partition, offset] of await this.#startsOf(wanted, deadline)) {
      this.#offsets.set(partition, offset)
      this.#unled.delete(partition)
    }
  }

  async #startsOf(from: ReadonlyMap<number, Start>, deadline: Deadline): Promise<ReadonlyMap<number, number>> {
    try {
      return await this.#tools.reads.starts(this.#topic.name, from, 'committed', deadline)
    } catch (error) {
      throw error instanceof ReadFailure ? readError(error, -1) : callerError(error)
    }
  }

  /** The last so many records are those in front of where it stops. */
  #before(partition: number, start: Start): Start {
    return typeof start === 'object' && 'last' in start ? { ...start, before: this.#stopOf(partition) } : start
  }

  #stopOf(partition: number): number {
    const stop = this.#stops.get(partition)
    return typeof stop === 'number' ? stop : Infinity
  }

  async read(deadline: Deadline, limits: PageLimits, use: (page: RecordPage) => void): Promise<FollowRead> {
    await this.begin(deadline)
    const places = this.#places()
    const atOnce = this.#ready !== undefined
    this.#ready = undefined
    this.hasMore = false
    const outcome: Outcome = { count: 0, scanned: 0, scannedBytes: 0, lasting: undefined, passing: undefined }
    if (places.length === 0) return outcome
    const startedMs = performance.now()
    const options = { isolation: 'committed', limits, deadline, atOnce, filter: this.#filter } as const
    try {
      await this.#tools.reads.readMany(places, options, (page, end, place) => {
        this.#take(page, end, place, outcome)
        if (page.count > 0) use(page)
      })
    } finally {
      this.#tools.meter.read((performance.now() - startedMs) / 1000)
    }
    if (outcome.lasting !== undefined) throw outcome.lasting
    return outcome
  }

  async wait({ deadline, signal }: WaitLimits): Promise<void> {
    const until = this.#unled.size === 0 || deadline.remainingMs < UNLED_MS ? deadline : Deadline.after(UNLED_MS)
    const found = await this.#tools.reads.wait(this.#allPlaces(), 'committed', { deadline: until, signal })
    for (const { partition, offset } of found) {
      this.#offsets.set(partition, offset)
      this.#troubleUntilMs.delete(partition)
    }
    this.#ready = new Set(found.map(({ partition }) => partition))
    this.hasMore = found.length > 0
  }

  /** Does nothing: all that it holds is its own. */
  close(): void {}

  /** Takes up partitions that were added to the topic. */
  #join(): void {
    if (!this.#isWhole) return
    const known = this.#tools.metadata.peek(this.#topic.name)
    for (let partition = this.#topic.partitions.length; partition < (known?.partitions.length ?? 0); partition++)
      if (!this.#offsets.has(partition) && !this.#unled.has(partition)) this.#unled.set(partition, 'earliest')
  }

  #allPlaces(): Place[] {
    const { name: topic, id: topicId } = this.#topic
    if (this.#stops.size === 0)
      return [...this.#offsets].map(([partition, offset]) => ({ topic, topicId, partition, offset }))
    return [...this.#offsets].flatMap(([partition, offset]) => {
      const until = this.#stopOf(partition)
      return offset < until ? [{ topic, topicId, partition, offset, until }] : []
    })
  }

  #places(): Place[] {
    const nowMs = performance.now()
    const all = this.#allPlaces()
    if (this.#ready !== undefined) return all.filter(({ partition }) => this.#ready?.has(partition))
    return all.filter(({ partition }) => (this.#troubleUntilMs.get(partition) ?? 0) <= nowMs)
  }

  #take(page: RecordPage, end: PageEnd, place: Place, outcome: Outcome): void {
    const { partition } = place
    const { count, payloadBytes, nextOffset } = page
    this.#offsets.set(partition, nextOffset)
    this.#tools.meter.consumed(place.topic, count, payloadBytes)
    outcome.count += count
    outcome.scanned += end.scanned
    outcome.scannedBytes += end.scannedBytes
    if (MORE.has(end.end) || (end.end === 'failure' && count > 0)) this.hasMore = true
    if (count > 0) return
    if (end.failure !== undefined) this.#fail(end.failure, place, outcome)
    else if (isUnfinished(end.end) && end.scanned === 0) outcome.passing ??= deadlineExceeded(end.end, nextOffset)
    if (end.end === 'late') this.#troubleUntilMs.set(partition, performance.now() + TROUBLE_MS)
  }

  #fail(failure: KafkaFailure, { partition, offset, topic }: Place, outcome: Outcome): void {
    const { kind } = failure
    const error =
      kind === 'topicRecreated'
        ? positionOfAnotherTopic(topic)
        : failure instanceof ReadFailure
          ? readError(failure, offset)
          : gatewayError(failure)
    if (kind !== 'leaderless' && kind !== 'unreachable' && kind !== 'busy') outcome.lasting ??= error
    else {
      outcome.passing ??= error
      this.#troubleUntilMs.set(partition, performance.now() + TROUBLE_MS)
    }
  }
}

function filterOf({ key, text }: RecordChoice): RecordFilter | undefined {
  const filters = [...(key === undefined ? [] : [withKey(key)]), ...(text === undefined ? [] : [holding(text)])]
  return filters.length < 2 ? filters[0] : both(filters[0], filters[1])
}

interface Outcome extends FollowRead {
  count: number
  scanned: number
  scannedBytes: number
  passing: GatewayError | undefined
  /** What no later read mends. */
  lasting: GatewayError | undefined
}
