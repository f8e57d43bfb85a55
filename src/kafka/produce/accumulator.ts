import { performance } from 'node:perf_hooks'
import type { Deadline } from '../../core/deadline.ts'
import type { Log } from '../../core/log.ts'
import type { ProduceOutcome } from '../../core/produce-outcome.ts'
import type { RecordTable } from '../../core/record-table.ts'
import type { RequestTrace } from '../../core/tracing.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import type { Codec } from '../records/compression.ts'
import { BatchFormer } from './batch-former.ts'
import { BrokerSender, isOverdue, type Sent } from './broker-sender.ts'
import { DeliveryWarnings } from './delivery-warnings.ts'
import { leaderMissing, notSentInTime, outcomeUnknown, topicMissing, topicRecreated } from './failures.ts'
import { LeaderWatch } from './leader-watch.ts'
import { PartitionQueue } from './partition-queue.ts'
import { OpenSubmissions } from './open-submissions.ts'
import { partitionRecords, type StickyPartition } from './partitioner.ts'
import type { ProducePorts } from './ports.ts'
import type { ProduceResult } from './produce-message.ts'
import type { QueueHooks } from './queue-hooks.ts'
import { ProducerSessions } from './producer-sessions.ts'
import { ReplicaLanes } from './replica-lanes.ts'
import { Submission, wholeSlice } from './submission.ts'
import { QueueRegistry } from './topic-queues.ts'
import { applyVerdict } from './verdict.ts'

export interface AccumulatorOptions {
  /** Size at which a merged batch is closed. */
  readonly batchBytes: number
  readonly compression: Codec
  /** Time after which a connection that does not answer is given up. */
  readonly requestTimeoutMs: number
  readonly deliveryTimeoutMs: number
  readonly connectionsPerBroker: number
}

/** How often deadlines and pauses are looked at while anything is on its way. */
const SWEEP_MS = 20
/**
 * One for the process: records of all requests meet here, are merged into a batch a partition and travel in as few
 * Produce requests as there are brokers. Each record's fate comes back to its request.
 */
export class Accumulator {
  readonly #ports: ProducePorts
  readonly #options: AccumulatorOptions
  readonly #log: Log
  readonly #leaders: LeaderWatch
  readonly #lanes: ReplicaLanes
  readonly #queues = new QueueRegistry(
    (topic, partition, sticky) => this.#newQueue(topic, partition, sticky),
    queue => this.#forgotten(queue)
  )
  readonly #senders = new Map<string, BrokerSender>()
  readonly #submissions = new OpenSubmissions()
  readonly #active = new Set<PartitionQueue>()
  readonly #sessions: ProducerSessions
  readonly #former: BatchFormer
  readonly #warnings: DeliveryWarnings
  #sweep: NodeJS.Timeout | undefined
  #settling = false
  #drained: (() => void) | undefined

  constructor(ports: ProducePorts, options: AccumulatorOptions, log: Log) {
    this.#ports = ports
    this.#options = options
    this.#log = log
    this.#leaders = new LeaderWatch(ports, log, (topic, metadata) => this.#topicChanged(topic, metadata))
    this.#lanes = new ReplicaLanes(options.connectionsPerBroker)
    this.#sessions = new ProducerSessions(
      () => ports.initProducerId(),
      log,
      () => this.#resume()
    )
    this.#former = new BatchFormer(ports, options, log)
    this.#warnings = new DeliveryWarnings(log)
    ports.onTopicChange((topic, metadata) => this.#topicChanged(topic, metadata))
  }

  /**
   * Sends the records and tells what became of each, by `answerAt` at the latest; never rejects.
   * Partitions that records name must exist in `topic`. `released` is called once, when nobody needs the bytes any more.
   */
  submit(
    topic: TopicMetadata,
    table: RecordTable,
    answerAt: Deadline,
    released: () => void,
    trace?: RequestTrace
  ): Promise<ProduceOutcome> {
    const nowMs = performance.now()
    const topicQueues = this.#queues.use(topic.name, nowMs)
    const { partitions, groups } = partitionRecords(table, topic, topicQueues.sticky)
    return new Promise(resolve => {
      const times = {
        arrivedAtMs: Date.now(),
        answerAtMs: answerAt.atMs,
        giveUpAtMs: nowMs + this.#options.deliveryTimeoutMs
      }
      const submission = new Submission(topic.name, table, partitions, times, resolve, done => {
        this.#submissions.delete(done)
        released()
        if (this.#submissions.size === 0) this.#drained?.()
      })
      submission.trace = trace
      this.#submissions.add(submission)
      for (const { partition, rows, bytes } of groups) {
        const queue = this.#queues.queueOf(topicQueues, topic.name, partition)
        queue.add(wholeSlice(submission, rows, bytes))
        this.#kick(queue)
      }
      this.#sweep ??= setInterval(() => this.#sweepNow(), SWEEP_MS)
    })
  }

  /** Asks for a producer id before the first record needs one. */
  warm(): void {
    this.#sessions.acquire()
  }

  /** Resolves when every record that was submitted has met its fate. */
  async close(): Promise<void> {
    if (this.#submissions.size > 0) await new Promise<void>(resolve => (this.#drained = resolve))
    clearInterval(this.#sweep)
    this.#sweep = undefined
    this.#sessions.close()
  }

  #newQueue(topic: string, partition: number, sticky: StickyPartition): PartitionQueue {
    const hooks: QueueHooks = {
      form: (slices, session, sequence) => this.#former.form(topic, slices, session, sequence),
      cut: waiting => {
        sticky.closed(partition)
        return this.#former.cut(topic, waiting)
      },
      renew: session => this.#sessions.after(session)
    }
    return new PartitionQueue(topic, partition, hooks)
  }

  #forgotten(queue: PartitionQueue): void {
    if (queue.session !== null) this.#sessions.retire(queue.session)
  }

  /** Puts the partition in line at its leader if it has something to send. */
  #kick(queue: PartitionQueue): void {
    this.#active.add(queue)
    if (queue.session === null && !this.#begin(queue)) return
    if (!queue.ready(performance.now())) return
    const sender = this.#senderOf(queue)
    if (sender !== null) sender.offer(queue)
    else {
      queue.hold(leaderMissing, performance.now())
      this.#leaders.refresh(queue.topic)
    }
  }

  /** False if there is no producer id for it yet. */
  #begin(queue: PartitionQueue): boolean {
    const { current, refusal } = this.#sessions
    queue.session = current
    if (current !== null) return true
    if (refusal !== null) queue.failWaiting(refusal)
    this.#sessions.acquire()
    return false
  }

  #senderOf(queue: PartitionQueue): BrokerSender | null {
    const partition = this.#ports.peek(queue.topic)?.partitions[queue.partition]
    if (partition === undefined || partition.leader < 0) return null
    const { leader } = partition
    queue.ledBy(leader, performance.now())
    const index = this.#lanes.of(partition)
    const name = `${leader}/${index}`
    let sender = this.#senders.get(name)
    if (sender === undefined) this.#senders.set(name, (sender = this.#newSender(leader, index)))
    return sender
  }

  #newSender(brokerId: number, index: number): BrokerSender {
    // Brokers wait this long for the replicas: less than we wait for the broker, so that slowness is answered, not cut.
    const timeoutMs = Math.max(1000, this.#options.requestTimeoutMs - 2000)
    return new BrokerSender(() => this.#ports.channel(brokerId, index), timeoutMs, {
      serves: (sender, queue) => {
        const serving = this.#senderOf(queue)
        if (serving === sender) return true
        this.#kick(queue)
        return false
      },
      sentAgain: () => this.#ports.meter.retried('produce'),
      answered: (sent, result) => {
        this.#warnings.answered(brokerId)
        this.#answered(sent, result)
      },
      lost: (sent, left, cause) => {
        const { topic, partition } = sent.queue
        this.#warnings.lost(brokerId, { topic, partition, left, cause })
        this.#lost(sent, left)
      },
      failed: error => this.#log.error({ err: error }, 'A defect in taking in an answer to a record batch'),
      unreachable: (queues, cause) => {
        this.#warnings.unreachable(brokerId, { partitions: queues.length, cause })
        this.#unreachable(queues)
      }
    })
  }

  #answered(sent: Sent, result: ProduceResult): void {
    const { queue, batch } = sent
    if (isOverdue(sent)) return
    if (result.errorCode !== 0) {
      this.#log.debug(
        { topic: queue.topic, partition: queue.partition, kafkaError: result.errorCode, reason: result.message },
        'Kafka refused a record batch'
      )
    }
    if (applyVerdict(queue, batch, result, performance.now()) === 'refresh') this.#leaders.refresh(queue.topic)
    this.#reconcile(queue)
    this.#kick(queue)
  }

  #lost(sent: Sent, left: boolean): void {
    const { queue, batch } = sent
    if (isOverdue(sent)) return
    if (left) queue.doubtful(batch, 'open', notSentInTime, performance.now())
    else queue.notAppended(batch, notSentInTime, performance.now())
    this.#leaders.refresh(queue.topic)
    this.#reconcile(queue)
  }

  #unreachable(queues: readonly PartitionQueue[]): void {
    for (const queue of queues) {
      queue.hold(notSentInTime, performance.now())
      this.#leaders.refresh(queue.topic)
    }
  }

  #topicChanged(topic: string, metadata: TopicMetadata | null): void {
    // A topic without partitions is being created, or its leaders chosen: that says nothing about those that it had.
    if (metadata?.partitions.length === 0) return
    for (const queue of this.#queues.queuesOf(topic)) {
      if (metadata === null) queue.topicGone(topicMissing(topic))
      else {
        const partition = metadata.partitions[queue.partition]
        if (partition === undefined) queue.topicGone(topicRecreated)
        else queue.ledBy(partition.leader, performance.now())
        queue.topicReplaced(metadata.id)
      }
      if (!queue.idle) this.#kick(queue)
    }
    if (metadata === null) this.#queues.forget(topic)
  }

  /** An answer may have come from a topic that has been replaced since. */
  #reconcile(queue: PartitionQueue): void {
    const metadata = this.#ports.peek(queue.topic)
    if (metadata !== undefined) queue.topicReplaced(metadata.id)
  }

  #resume(): void {
    for (const queue of this.#active) {
      queue.repair()
      this.#kick(queue)
    }
  }

  #sweepNow(): void {
    const nowMs = performance.now()
    this.#settleDue(nowMs)
    for (const queue of this.#active) {
      if (queue.idle) this.#active.delete(queue)
      else {
        queue.expire(nowMs)
        this.#leaders.unanswered(queue.topic, queue.oldestInFlightMs, nowMs)
        this.#kick(queue)
      }
    }
    this.#queues.sweep(nowMs)
    if (this.#submissions.size === 0) {
      this.#leaders.rest()
      clearInterval(this.#sweep)
      this.#sweep = undefined
    }
  }

  /** Each queue is gone through once, however many submissions wait in it. */
  #settleDue(nowMs: number): void {
    const due = this.#submissions.due(nowMs)
    for (const queue of this.#queues.of(due)) queue.withdraw(due)
    for (const submission of due) if (submission.times.answerAtMs <= nowMs) submission.answerNow(outcomeUnknown)
    if (!this.#submissions.left || this.#settling) return
    this.#settling = true
    setImmediate(() => {
      this.#settling = false
      this.#settleDue(performance.now())
    })
  }
}
