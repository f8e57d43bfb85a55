import { performance } from 'node:perf_hooks'
import type { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import type { Log } from '../../core/log.ts'
import { NO_NODES, type CurrentLeader } from '../metadata/leader-hints.ts'
import type { BrokerNode } from '../transport/broker-node.ts'
import type { BatchSource } from './batch-source.ts'
import { isInFlight, type Batch } from './batch.ts'
import type { ProduceChannel, ProducePorts } from './ports.ts'
import { produceError } from './produce-errors.ts'
import {
  parseProduceResponse,
  PRODUCE,
  PRODUCE_FLEXIBLE_SINCE,
  PRODUCE_MAX_VERSION,
  PRODUCE_MIN_VERSION,
  PRODUCE_TOPIC_IDS_SINCE,
  writeProduceRequest,
  type ProduceAnswer,
  type ProducePartition,
  type ProduceResult
} from './produce-message.ts'

/** A batch in flight, with its partition. */
export interface Sent<Source extends BatchSource> {
  readonly source: Source
  readonly batch: Batch
  readonly attempt: number
  /** Whether metadata is stale: the batch got no answer, or one that says so. */
  refresh: boolean
  /** Who leads the partition now, if the broker says so. */
  leader: CurrentLeader | undefined
}

/** Offers partitions to senders, and takes them back afterwards: the accumulator. */
export interface SenderOwner<Source extends BatchSource> {
  /** Whether this sender still serves the partition; if not, the owner has offered it elsewhere. */
  serves(sender: BrokerSender<Source>, source: Source): boolean
  /** The batches of a request; each partition has taken in what became of its own. `nodes`: addresses of the leaders named. */
  settled(sent: readonly Sent<Source>[], brokerId: number, nodes: readonly BrokerNode[]): void
  /** The broker could not be reached; nothing of these partitions was sent. */
  unreachable(sources: readonly Source[]): void
}

export interface SenderOptions {
  readonly brokerId: number
  /** Throws if the broker is not known. */
  readonly channel: () => ProduceChannel
  /** How long the broker waits for the replicas. */
  readonly timeoutMs: number
  readonly meter: Pick<ProducePorts['meter'], 'retried'>
  readonly warnings: RepeatedWarnings
  readonly log: Log
}

const REQUESTS_IN_FLIGHT = 2
/** A request is closed here; brokers refuse more than `socket.request.max.bytes` (100 MiB). */
const REQUEST_BYTES = 4 * 1024 * 1024

/**
 * Sends Produce requests over one connection to one broker, at the end of the tick, or at once when an answer frees one of the
 * two slots. So batches grow with the load, and no record waits for a timer (linger 0).
 */
export class BrokerSender<Source extends BatchSource> {
  readonly #options: SenderOptions
  readonly #owner: SenderOwner<Source>
  readonly #offered = new Set<Source>()
  #requests = 0
  #scheduled = false
  #connecting = false
  #pausedUntilMs = 0
  /** The last request got no answer. */
  #losing = false
  /** One while the broker throttles: it would not read a second request until then, and its callers would not know its fate. */
  #limit = REQUESTS_IN_FLIGHT

  constructor(options: SenderOptions, owner: SenderOwner<Source>) {
    this.#options = options
    this.#owner = owner
  }

  offer(source: Source): void {
    this.#offered.add(source)
    if (this.#scheduled || this.#requests >= this.#limit) return
    this.#scheduled = true
    setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#offered.size === 0) return
    const version = this.#versionNow()
    if (version < 0) {
      void this.#connect()
      return
    }
    const nowMs = performance.now()
    if (nowMs < this.#pausedUntilMs) {
      this.#flushAfter(this.#pausedUntilMs - nowMs)
      return
    }
    while (this.#requests < this.#limit) {
      const batches = this.#collect(nowMs)
      if (batches.length === 0) return
      this.#send(version, batches)
    }
  }

  #versionNow(): number {
    try {
      return this.#options.channel().versionNow(PRODUCE, PRODUCE_MIN_VERSION, PRODUCE_MAX_VERSION)
    } catch {
      return -1
    }
  }

  async #connect(): Promise<void> {
    if (this.#connecting) return
    this.#connecting = true
    try {
      await this.#options.channel().version(PRODUCE, PRODUCE_MIN_VERSION, PRODUCE_MAX_VERSION)
      this.#connecting = false
      this.#flush()
    } catch (error) {
      this.#connecting = false
      const sources = [...this.#offered]
      this.#offered.clear()
      const { log, brokerId } = this.#options
      // The connection has logged it already, once for all that use the broker.
      log.debug({ brokerId, partitions: sources.length, cause: String(error) }, 'Record batches wait for a broker')
      this.#owner.unreachable(sources)
    }
  }

  /** Takes one batch of each partition that is ready. Those with more to send go to the end of the line. */
  #collect(nowMs: number): Sent<Source>[] {
    const collected: Sent<Source>[] = []
    let bytes = 0
    for (const source of Array.from(this.#offered)) {
      this.#offered.delete(source)
      if (!this.#owner.serves(this, source)) continue
      const batch = source.take(nowMs)
      if (batch === null) continue
      if (batch.attempt > 1) this.#options.meter.retried('produce')
      collected.push({ source, batch, attempt: batch.attempt, refresh: false, leader: undefined })
      if (source.ready(nowMs)) this.#offered.add(source)
      bytes += batch.bytes.length
      if (bytes >= REQUEST_BYTES) break
    }
    return collected
  }

  #send(version: number, sent: Sent<Source>[]): void {
    const named = sent.some(({ batch }) => batch.topicId === null)
    const agreed = named ? Math.min(version, PRODUCE_TOPIC_IDS_SINCE - 1) : version
    const body = writeProduceRequest(agreed, this.#options.timeoutMs, byTopic(sent))
    this.#requests++
    const channel = this.#options.channel()
    channel.send(PRODUCE, agreed, agreed >= PRODUCE_FLEXIBLE_SINCE, body, (error, response) => {
      this.#requests--
      let nodes = NO_NODES
      if (response === null) this.#lose(sent, error?.sent ?? true, error?.message ?? 'no answer')
      else nodes = this.#settle(channel, agreed, sent, response)
      this.#owner.settled(sent, this.#options.brokerId, nodes)
      if (this.#offered.size > 0 && !this.#scheduled) this.#flush()
    })
  }

  /** Returns the addresses of the leaders that the answer names. */
  #settle(
    channel: ProduceChannel,
    version: number,
    sent: readonly Sent<Source>[],
    response: Buffer
  ): readonly BrokerNode[] {
    let answer: ProduceAnswer
    try {
      answer = parseProduceResponse(version, response)
    } catch (error) {
      this.#lose(sent, true, `unreadable answer: ${String(error)}`)
      return NO_NODES
    }
    channel.throttled(PRODUCE, answer.throttleTimeMs)
    this.#limit = answer.throttleTimeMs > 0 ? 1 : REQUESTS_IN_FLIGHT
    if (answer.throttleTimeMs > 0) this.#pausedUntilMs = performance.now() + answer.throttleTimeMs
    if (this.#losing) this.#answersAgain()
    const results = new Map(answer.results.map(result => [`${result.topic}/${result.partition}`, result]))
    const missing: Sent<Source>[] = []
    for (const each of sent) {
      const { source, batch } = each
      const topic = version >= PRODUCE_TOPIC_IDS_SINCE ? batch.topicId?.toString('hex') : source.topic
      const result = results.get(`${topic}/${source.partition}`)
      traceBatch(each, result?.errorCode)
      if (result === undefined) missing.push(each)
      else if (!isSuperseded(each)) {
        each.refresh = this.#answered(each, result)
        each.leader = result.currentLeader
      }
    }
    if (missing.length > 0) this.#lose(missing, true, 'the answer leaves the partition out')
    return answer.nodes
  }

  /**
   * Passes an answer to its partition, and returns whether metadata is stale. A defect in one partition is contained there:
   * the fate of its batch stays open.
   */
  #answered({ source, batch }: Sent<Source>, result: ProduceResult): boolean {
    const { log } = this.#options
    const { errorCode, message } = result
    if (errorCode !== 0) {
      const { topic, partition } = source
      log.debug({ topic, partition, kafkaError: errorCode, reason: message }, 'Kafka refused a record batch')
    }
    try {
      source.answered(batch, result, performance.now())
      return errorCode !== 0 && produceError(errorCode).action === 'refresh'
    } catch (error) {
      log.error({ err: error }, 'A defect in taking in an answer to a record batch')
      source.lost(batch, true, performance.now())
      return true
    }
  }

  #lose(sent: readonly Sent<Source>[], mayHaveReached: boolean, cause: string): void {
    const { brokerId, warnings } = this.#options
    for (const each of sent) {
      const { source, batch } = each
      if (isSuperseded(each)) continue
      const { topic, partition } = source
      this.#losing = true
      const fields = { brokerId, topic, partition, mayHaveReached, cause }
      warnings.warn(`lost/${brokerId}`, fields, 'No answer to a record batch')
      source.lost(batch, mayHaveReached, performance.now())
      each.refresh = true
    }
  }

  #answersAgain(): void {
    const { brokerId, warnings } = this.#options
    this.#losing = false
    warnings.over(`lost/${brokerId}`, { brokerId }, 'Record batches are answered again')
  }

  #flushAfter(delayMs: number): void {
    this.#scheduled = true
    setTimeout(() => this.#flush(), Math.ceil(delayMs))
  }
}

/** Returns whether the batch has been sent to another leader since. */
function isSuperseded({ batch, attempt }: Sent<BatchSource>): boolean {
  return !isInFlight(batch) || batch.attempt !== attempt
}

/** Writes spans for the time in the queue and at Kafka, for each traced request with records in the batch. */
function traceBatch({ source, batch, attempt }: Sent<BatchSource>, errorCode = -1): void {
  const endMs = performance.now()
  for (const { pending } of batch.ranges) {
    const { trace, arrivedMs } = pending
    if (trace === undefined) continue
    const attributes = {
      'messaging.system': 'kafka',
      'messaging.destination.name': source.topic,
      'messaging.destination.partition.id': String(source.partition),
      'messaging.batch.message_count': batch.recordCount
    }
    if (attempt === 1) trace.did('queue', arrivedMs, batch.sentAtMs, attributes, false)
    const call = { ...attributes, 'messaging.operation.type': 'send', 'kafka.error_code': errorCode }
    trace.did('Produce', batch.sentAtMs, endMs, call, errorCode !== 0)
  }
}

function byTopic(
  sent: readonly Sent<BatchSource>[]
): { name: string; id: Buffer | null; partitions: ProducePartition[] }[] {
  const topics = new Map<string, { name: string; id: Buffer | null; partitions: ProducePartition[] }>()
  for (const { source, batch } of sent) {
    let topic = topics.get(source.topic)
    if (topic === undefined)
      topics.set(source.topic, (topic = { name: source.topic, id: batch.topicId, partitions: [] }))
    topic.partitions.push({ partition: source.partition, records: batch.bytes })
  }
  return [...topics.values()]
}
