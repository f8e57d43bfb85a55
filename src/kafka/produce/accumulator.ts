import { performance } from 'node:perf_hooks'
import type { Deadline } from '../../core/deadline.ts'
import { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import type { Log } from '../../core/log.ts'
import type { ProduceOutcome } from '../../core/produce-outcome.ts'
import type { RecordTable } from '../../core/record-table.ts'
import type { RequestTrace } from '../../core/tracing.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import type { BrokerNode } from '../transport/broker-node.ts'
import type { BatchOptions } from './batch-former.ts'
import { BrokerSender, type SenderOwner, type Sent } from './broker-sender.ts'
import { ConnectionChoice } from './connection-choice.ts'
import {
  leaderMissing,
  notSentInTime,
  outcomeUnknown,
  type ProduceFailure,
  topicMissing,
  topicRecreated
} from './failures.ts'
import { LeaderWatch } from './leader-watch.ts'
import type { PartitionProducer } from './partition-producer.ts'
import { partitionRecords } from './partitioner.ts'
import { PendingProduce, wholeRange } from './pending-produce.ts'
import { PendingProduces } from './pending-produces.ts'
import type { ProducePorts } from './ports.ts'
import { ProducerSessions } from './producer-sessions.ts'
import { ProducerRegistry } from './topic-producers.ts'

export interface AccumulatorOptions extends BatchOptions {
  /** How long a connection may leave a request unanswered before it is given up. */
  readonly requestTimeoutMs: number
  readonly connectionsPerBroker: number
}

/** Interval of the timer that checks deadlines and back-off while records are pending. */
const SWEEP_MS = 20

/**
 * One for a cluster. Merges the records of all requests into batches, one a partition, and sends these in as few Produce
 * requests as there are leaders. Each record's fate is reported to its request.
 */
export class Accumulator implements SenderOwner<PartitionProducer> {
  readonly #ports: ProducePorts
  readonly #options: AccumulatorOptions
  readonly #log: Log
  readonly #warnings: RepeatedWarnings
  readonly #leaders: LeaderWatch
  readonly #connections: ConnectionChoice
  readonly #sessions: ProducerSessions
  readonly #producers: ProducerRegistry
  readonly #senders = new Map<string, BrokerSender<PartitionProducer>>()
  readonly #requests = new PendingProduces()
  /** The partitions with something to send or in flight. */
  readonly #active = new Set<PartitionProducer>()
  #sweep: NodeJS.Timeout | undefined
  #settling = false
  #drained: (() => void) | undefined

  constructor(ports: ProducePorts, options: AccumulatorOptions, log: Log) {
    this.#ports = ports
    this.#options = options
    this.#log = log
    this.#warnings = new RepeatedWarnings(log)
    this.#leaders = new LeaderWatch(ports, log, (topic, metadata) => this.#topicChanged(topic, metadata))
    this.#connections = new ConnectionChoice(options.connectionsPerBroker)
    this.#sessions = new ProducerSessions(
      () => ports.initProducerId(),
      log,
      () => this.#resume()
    )
    this.#producers = new ProducerRegistry({ ports, options, sessions: this.#sessions, log })
    ports.onTopicChange((topic, metadata) => this.#topicChanged(topic, metadata))
  }

  /**
   * Sends the records. Resolves with the fate of each, by `answerAt` at the latest; never rejects. Throws if `topic` has no
   * partitions; those that records name must exist. Calls `released` once, when nothing needs the bytes any more.
   */
  submit(
    topic: TopicMetadata,
    table: RecordTable,
    answerAt: Deadline,
    released: () => void,
    trace?: RequestTrace
  ): Promise<ProduceOutcome<ProduceFailure>> {
    const nowMs = performance.now()
    const producers = this.#producers.use(topic.name, nowMs)
    const { partitions, groups } = partitionRecords(table, topic, producers.sticky)
    return new Promise(resolve => {
      const times = {
        arrivedAtMs: Date.now(),
        answerAtMs: answerAt.atMs,
        giveUpAtMs: nowMs + this.#options.deliveryTimeoutMs
      }
      const request = new PendingProduce(topic.name, table, partitions, times, resolve, done => {
        this.#requests.delete(done)
        released()
        if (this.#requests.size === 0) this.#drained?.()
      })
      request.trace = trace
      this.#requests.add(request)
      for (const { partition, rows, bytes } of groups) {
        const producer = producers.of(partition)
        producer.add(wholeRange(request, rows, bytes))
        this.#kick(producer)
      }
      this.#sweep ??= setInterval(() => this.#sweepNow(), SWEEP_MS)
    })
  }

  /** Acquires a producer id before the first record needs one. */
  warm(): void {
    this.#sessions.acquire()
  }

  /** Whether there are records whose fate is not known. */
  get busy(): boolean {
    return this.#requests.size > 0
  }

  /** Resolves when the fate of every submitted record is known. */
  async close(): Promise<void> {
    if (this.#requests.size > 0) await new Promise<void>(resolve => (this.#drained = resolve))
    clearInterval(this.#sweep)
    this.#sweep = undefined
    this.#sessions.close()
  }

  serves(sender: BrokerSender<PartitionProducer>, producer: PartitionProducer): boolean {
    if (this.#senderOf(producer) === sender) return true
    this.#kick(producer)
    return false
  }

  settled(sent: readonly Sent<PartitionProducer>[], brokerId: number, nodes: readonly BrokerNode[]): void {
    if (sent.some(isStale)) this.#leaders.stale(sent.filter(isStale), brokerId, nodes)
    for (const { source: producer } of sent) {
      // The answer may have come from a topic that has been replaced since.
      producer.topicReplaced(this.#ports.peek(producer.topic)?.id ?? null, performance.now())
      this.#kick(producer)
    }
  }

  unreachable(producers: readonly PartitionProducer[]): void {
    for (const producer of producers) {
      producer.hold(notSentInTime, performance.now())
      this.#leaders.refresh(producer.topic)
    }
  }

  /** Offers the partition to the sender of its leader if it has something to send. */
  #kick(producer: PartitionProducer): void {
    this.#active.add(producer)
    if (producer.session === null && !this.#begin(producer)) return
    if (!producer.ready(performance.now())) return
    const sender = this.#senderOf(producer)
    if (sender !== null) sender.offer(producer)
    else {
      producer.hold(leaderMissing, performance.now())
      this.#leaders.refresh(producer.topic)
    }
  }

  /** Gives the partition a session. Returns false if there is no producer id yet. */
  #begin(producer: PartitionProducer): boolean {
    const { current, refusal } = this.#sessions
    producer.session = current
    if (current !== null) return true
    if (refusal !== null) producer.failWaiting(refusal)
    this.#sessions.acquire()
    return false
  }

  #senderOf(producer: PartitionProducer): BrokerSender<PartitionProducer> | null {
    const partition = this.#ports.peek(producer.topic)?.partitions[producer.partition]
    if (partition === undefined || partition.leader < 0) return null
    const { leader } = partition
    producer.ledBy(leader, performance.now())
    const index = this.#connections.of(partition)
    const name = `${leader}/${index}`
    let sender = this.#senders.get(name)
    if (sender === undefined) this.#senders.set(name, (sender = this.#newSender(leader, index)))
    return sender
  }

  #newSender(brokerId: number, index: number): BrokerSender<PartitionProducer> {
    const options = {
      brokerId,
      channel: () => this.#ports.channel(brokerId, index),
      // Shorter than the request time-out, so that slow replicas lead to an answer (REQUEST_TIMED_OUT), not to a lost connection.
      timeoutMs: Math.max(1000, this.#options.requestTimeoutMs - 2000),
      meter: this.#ports.meter,
      warnings: this.#warnings,
      log: this.#log
    }
    return new BrokerSender(options, this)
  }

  #topicChanged(topic: string, metadata: TopicMetadata | null): void {
    // A topic described without partitions is just being created: that says nothing about the partitions known before.
    if (metadata?.partitions.length === 0) return
    const nowMs = performance.now()
    for (const producer of this.#producers.of(topic)) {
      if (metadata === null) producer.topicGone(topicMissing(topic), nowMs)
      else {
        const partition = metadata.partitions[producer.partition]
        if (partition === undefined) producer.topicGone(topicRecreated, nowMs)
        else producer.ledBy(partition.leader, nowMs)
        producer.topicReplaced(metadata.id, nowMs)
      }
      if (!producer.idle) this.#kick(producer)
    }
    if (metadata === null) this.#producers.forget(topic)
  }

  #resume(): void {
    for (const producer of this.#active) {
      producer.repair()
      this.#kick(producer)
    }
  }

  #sweepNow(): void {
    const nowMs = performance.now()
    this.#settleDue(nowMs)
    for (const producer of this.#active) {
      if (producer.idle) this.#active.delete(producer)
      else {
        producer.expire(nowMs)
        this.#leaders.unanswered(producer.topic, producer.oldestInFlightMs, nowMs)
        this.#kick(producer)
      }
    }
    this.#producers.sweep(nowMs)
    if (this.#requests.size === 0) {
      this.#leaders.rest()
      clearInterval(this.#sweep)
      this.#sweep = undefined
    }
  }

  /** Withdraws the requests that are due, walking each partition once however many wait in it, and answers those overdue. */
  #settleDue(nowMs: number): void {
    const due = this.#requests.due(nowMs)
    for (const producer of this.#producers.holding(due)) producer.withdraw(due)
    for (const request of due) if (request.times.answerAtMs <= nowMs) request.answerNow(outcomeUnknown)
    if (!this.#requests.hasMore || this.#settling) return
    this.#settling = true
    setImmediate(() => {
      this.#settling = false
      this.#settleDue(performance.now())
    })
  }
}

function isStale({ refresh }: Sent<PartitionProducer>): boolean {
  return refresh
}
