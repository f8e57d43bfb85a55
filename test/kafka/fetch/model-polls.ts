import type { FetchBrokers, FetchChannel, FetchMetadata, FetchOffsets } from '../../../src/kafka/fetch/ports.ts'
import { Reads } from '../../../src/kafka/fetch/reads.ts'
import type { TopicMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import type { AbortedTransaction } from '../../../src/kafka/records/aborted-filter.ts'
import { TransportError } from '../../../src/kafka/transport/transport-error.ts'
import { markerOf, plainBatch } from '../records/stored.ts'
import { silent, TOPIC_ID } from './model-cluster.ts'
import { readPoll, writeResponse, type AnsweredPartition, type AskedPartition, type AskedPoll } from './wire.ts'

/** A partition as its leader has it. */
export class ModelPartition {
  leader: number
  leaderEpoch = 4
  startOffset = 0
  endOffset = 0
  lastStableOffset = 0
  /** Answers with it instead. */
  errorCode = 0
  readonly batches: Buffer[] = []
  readonly #aborted: (AbortedTransaction & { readonly lastOffset: number })[] = []
  /** Where the open transaction begins; −1 without one. */
  #openSince = -1

  constructor(leader: number) {
    this.leader = leader
  }

  append(count = 1): void {
    this.batches.push(plainBatch(this.endOffset, count))
    this.endOffset += count
    if (this.#openSince < 0) this.lastStableOffset = this.endOffset
  }

  /** Records of a transaction that stays open: the last stable offset does not move. */
  appendOpen(producerId: bigint, count = 1): void {
    if (this.#openSince < 0) this.#openSince = this.endOffset
    this.batches.push(plainBatch(this.endOffset, count, { producerId, transactional: true }))
    this.endOffset += count
  }

  /** The aborted transactions that a reader from the offset on meets. */
  abortedFrom(offset: number): readonly AbortedTransaction[] {
    return this.#aborted.filter(({ lastOffset }) => lastOffset >= offset)
  }

  endTransaction(producerId: bigint, kind: 'commit' | 'abort'): void {
    if (kind === 'abort') this.#aborted.push({ producerId, firstOffset: this.#openSince, lastOffset: this.endOffset })
    this.#openSince = -1
    this.batches.push(markerOf(this.endOffset, producerId, kind))
    this.endOffset++
    this.lastStableOffset = this.endOffset
  }
}

interface Session {
  readonly id: number
  readonly partitions: Map<string, AskedPartition>
}

interface HeldPoll extends AskedPoll {
  readonly all: readonly AskedPartition[]
  answer(partitions: readonly AnsweredPartition[], head?: object): void
  fail(): void
}

/** The lane `wait` of one broker: holds what is asked of it until there is something, as Kafka does (KIP-227 sessions included). */
export class ModelPollBroker {
  readonly id: number
  readonly polls: AskedPoll[] = []
  readonly held = new Set<HeldPoll>()
  mostHeld = 0
  /** Takes requests and answers nothing. */
  isFrozen = false
  isDown = false
  /** Forgets sessions as soon as they begin. */
  keepsSessions = true
  throttleMs = 0
  version = 17
  readonly #cluster: ModelPollCluster
  readonly #sessions = new Map<number, { epoch: number; partitions: Map<string, AskedPartition> }>()
  #nextSession = 100

  constructor(cluster: ModelPollCluster, id: number) {
    this.#cluster = cluster
    this.id = id
  }

  channel(): FetchChannel {
    const versionNow = () => (this.isDown ? -1 : this.version)
    const connection = () =>
      this.isDown ? Promise.reject(new TransportError('not reachable', false)) : Promise.resolve(this.version)
    return {
      resting: false,
      versionNow,
      version: connection,
      throttled: () => undefined,
      send: (_key, version, _flexible, body, callback) => this.#take(version, readPoll(version, body), callback)
    }
  }

  /** Looks again at what is held. */
  changed(): void {
    if (this.isFrozen) return
    for (const held of this.held) {
      const answers = this.#answersTo(held)
      if (answers.some(({ errorCode, records }) => errorCode !== 0 || records.length > 0)) held.answer(answers)
    }
  }

  thaw(): void {
    this.isFrozen = false
    for (const held of this.held) held.answer(this.#answersTo(held))
  }

  forgetSessions(): void {
    this.#sessions.clear()
  }

  /** Loses its connections, and as after a restart its sessions too. */
  drop(): void {
    this.forgetSessions()
    for (const held of this.held) held.fail()
  }

  #take(version: number, asked: AskedPoll, callback: Parameters<FetchChannel['send']>[4]): void {
    this.polls.push(asked)
    const session = this.#sessionOf(asked)
    const all = session === null || session === undefined ? asked.partitions : [...session.partitions.values()]
    const timer = setTimeout(() => {
      if (!this.isFrozen) held.answer(asked.epoch > 0 ? [] : this.#answersTo(held))
    }, asked.waitMs)
    const end = () => {
      clearTimeout(timer)
      this.held.delete(held)
    }
    const held: HeldPoll = {
      ...asked,
      all,
      answer: (partitions, head = {}) => {
        end()
        const sessionId = session?.id ?? 0
        const response = writeResponse(version, partitions, { sessionId, ...head })
        setImmediate(() => callback(null, response))
      },
      fail: () => {
        end()
        setImmediate(() => callback(new TransportError('connection lost', true), null))
      }
    }
    this.held.add(held)
    if (asked.waitMs > 0) this.mostHeld = Math.max(this.mostHeld, this.held.size)
    if (this.throttleMs > 0) return held.answer([], { throttleTimeMs: this.throttleMs })
    if (session === undefined) return held.answer([], { errorCode: 70, sessionId: 0 })
    this.changed()
  }

  /** Null without a session, undefined if it is lost. */
  #sessionOf({ sessionId, epoch, partitions, forgotten }: AskedPoll): Session | null | undefined {
    const key = ({ topic, partition }: { topic: string; partition: number }) => `${topic}/${partition}`
    if (epoch < 0) return null
    const known = this.#sessions.get(sessionId)
    if (epoch === 0 && !this.keepsSessions) return null
    if (epoch > 0 && known?.epoch !== epoch - 1) return undefined
    const id = epoch === 0 ? this.#nextSession++ : sessionId
    const members = epoch === 0 ? new Map<string, AskedPartition>() : (known?.partitions ?? new Map())
    for (const asked of partitions) members.set(key(asked), asked)
    // As Kafka does: what is forgotten and asked for in one request is forgotten.
    for (const each of forgotten) members.delete(key(each))
    this.#sessions.set(id, { epoch, partitions: members })
    return { id, partitions: members }
  }

  #answersTo({ all, isolation, epoch }: HeldPoll): AnsweredPartition[] {
    const answers = all.map(asked => this.#answerTo(asked, isolation))
    // Within a session only news is told.
    return epoch > 0 ? answers.filter(({ errorCode, records }) => errorCode !== 0 || records.length > 0) : answers
  }

  #answerTo(asked: AskedPartition, isolation: number): AnsweredPartition {
    const none = { ...asked, preferredReadReplica: -1, aborted: [], records: Buffer.alloc(0) }
    const failed = (errorCode: number) => ({
      ...none,
      errorCode,
      highWatermark: -1,
      lastStableOffset: -1,
      startOffset: -1
    })
    const partition = this.#cluster.partitions[asked.partition]
    if (asked.topic !== this.#cluster.topicId.toString('hex') && asked.topic !== 'orders') return failed(100)
    if (partition?.leader !== this.id) {
      if (!this.#cluster.namesLeaders) return failed(6)
      return { ...failed(6), currentLeader: { id: partition.leader, epoch: partition.leaderEpoch } }
    }
    if (partition.errorCode !== 0) return failed(partition.errorCode)
    if (asked.leaderEpoch >= 0 && asked.leaderEpoch !== partition.leaderEpoch)
      return failed(asked.leaderEpoch < partition.leaderEpoch ? 74 : 75)
    const { startOffset, endOffset, lastStableOffset } = partition
    if (asked.offset < startOffset || asked.offset > endOffset) return failed(1)
    const limit = isolation === 1 ? lastStableOffset : endOffset
    const batches = partition.batches.filter(
      batch => Number(batch.readBigInt64BE(0)) < limit && lastOffsetOf(batch) >= asked.offset
    )
    const aborted = isolation === 1 ? partition.abortedFrom(asked.offset) : []
    const records = Buffer.concat(batches)
    return { ...none, errorCode: 0, highWatermark: endOffset, lastStableOffset, startOffset, aborted, records }
  }
}

const lastOffsetOf = (batch: Buffer) => Number(batch.readBigInt64BE(0)) + batch.readInt32BE(23)

/** Topic `orders` on some brokers, and what the gateway knows of it: that is renewed only when it asks. */
export class ModelPollCluster {
  readonly brokers: readonly ModelPollBroker[]
  readonly partitions: ModelPartition[]
  topicId = TOPIC_ID
  isDeleted = false
  refreshes = 0
  /** Leaders that brokers have named and the gateway has taken up (KIP-951). */
  hints = 0
  namesLeaders = false
  readonly reads: Reads
  readonly #listeners: ((topic: string, metadata: TopicMetadata | null) => void)[] = []
  #known: TopicMetadata | null | undefined

  constructor(leaders: readonly number[], { isKnown = true, cacheBytes = 8_000_000 } = {}) {
    const count = Math.max(2, ...leaders.map(leader => leader + 1))
    this.brokers = Array.from({ length: count }, (_, id) => new ModelPollBroker(this, id))
    this.partitions = leaders.map(leader => new ModelPartition(leader))
    if (isKnown) this.#known = this.truth()
    const brokers: FetchBrokers = {
      channel: (id, lane) => {
        if (lane !== 'wait') throw new Error('a wait takes no connection of its own')
        return this.brokers[id].channel()
      }
    }
    const metadata: FetchMetadata = {
      peek: () => this.#known ?? undefined,
      topic: () => this.#ask(),
      refresh: () => this.#ask(),
      learnLeaders: (_topic, { leaders }) => {
        this.hints++
        if (this.#known === undefined || this.#known === null) return false
        const partitions = this.#known.partitions.map(each => {
          const named = leaders.get(each.partition)
          return named === undefined ? each : { ...each, leader: named.id, leaderEpoch: named.epoch }
        })
        this.#known = { ...this.#known, partitions }
        return true
      },
      onTopicChange: listener => void this.#listeners.push(listener)
    }
    const notAsked = () => Promise.reject(new Error('not asked'))
    const offsets: FetchOffsets = {
      localStart: notAsked,
      bounds: notAsked,
      boundsOf: (_topic, numbers) =>
        Promise.resolve(new Map(numbers.map(number => [number, this.partitions[number].endOffset]))),
      offsetsSince: notAsked
    }
    this.reads = new Reads(
      brokers,
      metadata,
      offsets,
      { connectionsPerBroker: 1, requestTimeoutMs: 10_000, cacheBytes },
      silent
    )
  }

  truth(): TopicMetadata | null {
    if (this.isDeleted) return null
    const partitions = this.partitions.map(({ leader, leaderEpoch }, partition) => {
      return { partition, leader, leaderEpoch, replicas: [], isr: [] }
    })
    return { name: 'orders', id: this.topicId, isInternal: false, partitions }
  }

  /** Call after a change of what is stored, or of who leads. */
  changed(): void {
    for (const broker of this.brokers) broker.changed()
  }

  append(partition: number, count = 1): void {
    this.partitions[partition].append(count)
    this.changed()
  }

  moveLeader(partition: number, leader: number): void {
    const moved = this.partitions[partition]
    moved.leader = leader
    moved.leaderEpoch++
    this.changed()
  }

  async #ask(): Promise<TopicMetadata | null> {
    this.refreshes++
    await new Promise(resolve => setImmediate(resolve))
    this.#known = this.truth()
    for (const listener of this.#listeners) listener('orders', this.#known)
    return this.#known
  }
}
