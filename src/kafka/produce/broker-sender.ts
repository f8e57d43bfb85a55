import { performance } from 'node:perf_hooks'
import type { Batch } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProduceChannel } from './ports.ts'
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

/** A batch on its way, with the queue it belongs to. */
export interface Sent {
  readonly queue: PartitionQueue
  readonly batch: Batch
  readonly attempt: number
}

/** The batch was given to another leader meanwhile. */
export function isOverdue({ batch, attempt }: Sent): boolean {
  return !batch.inFlight || batch.attempt !== attempt
}

export interface SenderHooks {
  /** Does this sender still serve the partition? */
  serves(sender: BrokerSender, queue: PartitionQueue): boolean
  /** A batch goes out that went out before. */
  sentAgain(): void
  answered(sent: Sent, result: ProduceResult): void
  /** No answer: `left` tells whether bytes of the request may have reached the broker. */
  lost(sent: Sent, left: boolean, cause: string): void
  /** A defect of ours while an answer was taken in; what it was about is `lost` too. */
  failed(error: unknown): void
  /** The broker could not be reached; the queues have nothing on their way because of it. */
  unreachable(queues: readonly PartitionQueue[], cause: string): void
}

const REQUESTS_IN_FLIGHT = 2
/** A request is closed here; brokers refuse more than `socket.request.max.bytes` (100 MiB). */
const REQUEST_BYTES = 4 * 1024 * 1024

/**
 * Produce requests over one connection to one broker. Whatever is ready travels at the end of the tick, or at once when
 * an answer frees one of the two slots: batches grow with the load and nobody waits on a timer (linger 0).
 */
export class BrokerSender {
  readonly #channel: () => ProduceChannel
  readonly #timeoutMs: number
  readonly #hooks: SenderHooks
  readonly #offered = new Set<PartitionQueue>()
  #requests = 0
  #scheduled = false
  #connecting = false
  #pausedUntilMs = 0
  /** One while the broker throttles: it would leave a second request unread for that time, its fate unknown to the callers. */
  #limit = REQUESTS_IN_FLIGHT

  constructor(channel: () => ProduceChannel, timeoutMs: number, hooks: SenderHooks) {
    this.#channel = channel
    this.#timeoutMs = timeoutMs
    this.#hooks = hooks
  }

  offer(queue: PartitionQueue): void {
    this.#offered.add(queue)
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
      return this.#channel().versionNow(PRODUCE, PRODUCE_MIN_VERSION, PRODUCE_MAX_VERSION)
    } catch {
      return -1
    }
  }

  async #connect(): Promise<void> {
    if (this.#connecting) return
    this.#connecting = true
    try {
      await this.#channel().version(PRODUCE, PRODUCE_MIN_VERSION, PRODUCE_MAX_VERSION)
      this.#connecting = false
      this.#flush()
    } catch (error) {
      this.#connecting = false
      const queues = [...this.#offered]
      this.#offered.clear()
      this.#hooks.unreachable(queues, error instanceof Error ? error.message : String(error))
    }
  }

  /** One batch of each partition that is ready; those with more to send go to the end of the line. */
  #collect(nowMs: number): Sent[] {
    const collected: Sent[] = []
    let bytes = 0
    for (const queue of Array.from(this.#offered)) {
      this.#offered.delete(queue)
      if (!this.#hooks.serves(this, queue)) continue
      const batch = queue.take(nowMs)
      if (batch === null) continue
      if (batch.attempt > 1) this.#hooks.sentAgain()
      collected.push({ queue, batch, attempt: batch.attempt })
      if (queue.ready(nowMs)) this.#offered.add(queue)
      bytes += batch.bytes.length
      if (bytes >= REQUEST_BYTES) break
    }
    return collected
  }

  #send(version: number, batches: Sent[]): void {
    const named = batches.some(({ batch }) => batch.topicId === null)
    const agreed = named ? Math.min(version, PRODUCE_TOPIC_IDS_SINCE - 1) : version
    const body = writeProduceRequest(agreed, this.#timeoutMs, byTopic(batches))
    this.#requests++
    this.#channel().send(PRODUCE, agreed, agreed >= PRODUCE_FLEXIBLE_SINCE, body, (error, response) => {
      this.#requests--
      if (error !== null || response === null)
        for (const sent of batches) this.#hooks.lost(sent, error?.sent ?? true, error?.message ?? 'no answer')
      else this.#settle(agreed, batches, response)
      if (this.#offered.size > 0 && !this.#scheduled) this.#flush()
    })
  }

  #settle(version: number, batches: readonly Sent[], response: Buffer): void {
    let answer: ProduceAnswer
    try {
      answer = parseProduceResponse(version, response)
    } catch (error) {
      for (const sent of batches) this.#hooks.lost(sent, true, `unreadable answer: ${String(error)}`)
      return
    }
    this.#limit = answer.throttleTimeMs > 0 ? 1 : REQUESTS_IN_FLIGHT
    if (answer.throttleTimeMs > 0) this.#pausedUntilMs = performance.now() + answer.throttleTimeMs
    const results = new Map(answer.results.map(result => [`${result.topic}/${result.partition}`, result]))
    for (const sent of batches) {
      const { topicId } = sent.batch
      const topic = version >= PRODUCE_TOPIC_IDS_SINCE && topicId !== null ? topicId.toString('hex') : sent.queue.topic
      const result = results.get(`${topic}/${sent.queue.partition}`)
      traceBatch(sent, result?.errorCode)
      if (result === undefined) this.#hooks.lost(sent, true, 'the answer leaves the partition out')
      else this.#answered(sent, result)
    }
  }

  /** A defect that shows in one partition must not reach the others, nor the process: what it was told of stays open. */
  #answered(sent: Sent, result: ProduceResult): void {
    try {
      this.#hooks.answered(sent, result)
    } catch (error) {
      this.#hooks.failed(error)
      this.#hooks.lost(sent, true, 'a defect')
    }
  }

  #flushAfter(delayMs: number): void {
    this.#scheduled = true
    setTimeout(() => this.#flush(), Math.ceil(delayMs))
  }
}

/** A batch serves many requests: each that is traced has spans of its own for the time in the queue and for Kafka's. */
function traceBatch({ queue, batch, attempt }: Sent, errorCode = -1): void {
  const endMs = performance.now()
  for (const { submission } of batch.slices) {
    const { trace, arrivedMs } = submission
    if (trace === undefined) continue
    const attributes = {
      'messaging.system': 'kafka',
      'messaging.destination.name': queue.topic,
      'messaging.destination.partition.id': String(queue.partition),
      'messaging.batch.message_count': batch.recordCount
    }
    if (attempt === 1) trace.did('queue', arrivedMs, batch.sentAtMs, attributes, false)
    const call = { ...attributes, 'messaging.operation.type': 'send', 'kafka.error_code': errorCode }
    trace.did('Produce', batch.sentAtMs, endMs, call, errorCode !== 0)
  }
}

function byTopic(batches: readonly Sent[]): { name: string; id: Buffer | null; partitions: ProducePartition[] }[] {
  const topics = new Map<string, { name: string; id: Buffer | null; partitions: ProducePartition[] }>()
  for (const { queue, batch } of batches) {
    let topic = topics.get(queue.topic)
    if (topic === undefined) topics.set(queue.topic, (topic = { name: queue.topic, id: batch.topicId, partitions: [] }))
    topic.partitions.push({ partition: queue.partition, records: batch.bytes })
  }
  return [...topics.values()]
}
