import { Deadline } from '../../../src/core/deadline.ts'
import type { Log } from '../../../src/core/log.ts'
import type { ProduceOutcome } from '../../../src/core/produce-outcome.ts'
import { KEY_LENGTH, PARTITION, SPAN_STRIDE, VALUE_LENGTH, type RecordTable } from '../../../src/core/record-table.ts'
import type { TopicMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import { Accumulator } from '../../../src/kafka/produce/accumulator.ts'
import type { ProduceFailure } from '../../../src/kafka/produce/failures.ts'
import type { ProduceChannel, ProducePorts } from '../../../src/kafka/produce/ports.ts'
import type { ProducerSession } from '../../../src/kafka/produce/producer-sessions.ts'
import { TransportError } from '../../../src/kafka/transport/transport-error.ts'
import { WireReader } from '../../../src/kafka/wire/wire-reader.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { ModelBroker, type ModelAnswer } from './model-broker.ts'

const VERSION = 8
/** Where fields of a record batch stand. */
const PRODUCER_ID = 43
const PRODUCER_EPOCH = 51
const BASE_SEQUENCE = 53
const RECORD_COUNT = 57

/** One batch as a broker received it. */
export interface Received {
  readonly topic: string
  readonly partition: number
  readonly producerId: bigint
  readonly epoch: number
  readonly sequence: number
  readonly count: number
}

export interface Logged {
  readonly level: string
  readonly fields: object
  readonly message: string
}

/** An accumulator before a cluster that the test changes: a model of a leader behind every partition, answers in order. */
export class ModelCluster implements ProducePorts {
  readonly topics = new Map<string, TopicMetadata>()
  readonly received: Received[] = []
  readonly logged: Logged[] = []
  readonly meter = { batched: () => undefined, retried: () => undefined }
  readonly accumulator: Accumulator
  /** How often a producer id was asked for. */
  idsAsked = 0
  initProducerId: () => Promise<ProducerSession>
  /** An answer in place of the model's. */
  answer: (batch: Received) => ModelAnswer | undefined = () => undefined
  /** Set: connections cannot be made, and break under what is sent. */
  down = ''
  /** Set: the cluster goes down under the next request, for this reason. */
  downAtNextSend = ''
  readonly #leaders = new Map<string, ModelBroker>()
  readonly #listeners: ((topic: string, metadata: TopicMetadata | null) => void)[] = []

  constructor(options: { deliveryTimeoutMs?: number; batchBytes?: number } = {}) {
    this.initProducerId = () => Promise.resolve({ producerId: 7n, epoch: 0 })
    const note = (level: string) => (fields: object, message: string) =>
      void this.logged.push({ level, fields, message })
    const log: Log = { debug: () => undefined, info: note('info'), warn: note('warn'), error: note('error') }
    const ports: ProducePorts = {
      channel: () => this.#channel(),
      peek: topic => this.peek(topic),
      refresh: topic => this.refresh(topic),
      learnLeaders: () => this.learnLeaders(),
      maxMessageBytes: () => this.maxMessageBytes(),
      initProducerId: () => {
        this.idsAsked++
        return this.initProducerId()
      },
      meter: this.meter,
      onTopicChange: listener => this.onTopicChange(listener)
    }
    const limits = { batchBytes: 65_536, requestTimeoutMs: 10_000, deliveryTimeoutMs: 30_000, ...options }
    this.accumulator = new Accumulator(ports, { ...limits, compression: 'none', connectionsPerBroker: 1 }, log)
  }

  channel(): ProduceChannel {
    return this.#channel()
  }

  peek(topic: string): TopicMetadata | undefined {
    return this.topics.get(topic)
  }

  learnLeaders(): never {
    throw new Error('The model speaks a version of Produce that names no leaders.')
  }

  maxMessageBytes(): number {
    return 1_048_588
  }

  onTopicChange(listener: (topic: string, metadata: TopicMetadata | null) => void): void {
    this.#listeners.push(listener)
  }

  async refresh(topic: string): Promise<TopicMetadata | null> {
    await Promise.resolve()
    return this.topics.get(topic) ?? null
  }

  /** Null deletes it. */
  setTopic(name: string, change: { partitions?: number; leader?: number; id?: Buffer } | null): void {
    if (change === null) this.topics.delete(name)
    else {
      const { partitions = 1, leader = 1, id = null } = change
      this.topics.set(name, {
        name,
        id,
        isInternal: false,
        partitions: Array.from({ length: partitions }, (_, partition) => ({
          partition,
          leader,
          leaderEpoch: 0,
          replicas: [1],
          isr: [1]
        }))
      })
    }
    for (const listener of this.#listeners) listener(name, this.topics.get(name) ?? null)
  }

  /** The partitions of the topic lose their logs, and what they knew of producers. */
  recreate(name: string): void {
    for (const place of this.#leaders.keys()) if (place.startsWith(`${name}/`)) this.#leaders.delete(place)
  }

  /** Sends a record of one byte, keyless unless `partition` is given. */
  send(
    topic: string,
    options: { partition?: number; withinMs?: number; count?: number } = {}
  ): Promise<ProduceOutcome<ProduceFailure>> {
    const { partition = -1, withinMs = 8000, count = 1 } = options
    const metadata = this.topics.get(topic)
    if (metadata === undefined) throw new RangeError(`No topic ${topic}`)
    const spans = new Int32Array(count * SPAN_STRIDE)
    for (let at = 0; at < spans.length; at += SPAN_STRIDE) {
      spans[at + KEY_LENGTH] = -1
      spans[at + VALUE_LENGTH] = 1
      spans[at + PARTITION] = partition
    }
    const table: RecordTable = { bytes: Buffer.from('v'), count, spans }
    return this.accumulator.submit(metadata, table, Deadline.after(withinMs), () => undefined)
  }

  #channel(): ProduceChannel {
    return {
      throttled: () => undefined,
      versionNow: () => (this.down === '' ? VERSION : -1),
      version: () => (this.down === '' ? Promise.resolve(VERSION) : Promise.reject(new Error(this.down))),
      send: (_key, _version, _flexible, body, callback) => {
        const batches = readProduceRequest(Buffer.isBuffer(body) ? body : Buffer.concat(body))
        if (this.downAtNextSend !== '') this.down = this.downAtNextSend
        setImmediate(() => {
          if (this.down === '') callback(null, this.#answers(batches))
          else callback(new TransportError(this.down, true), null)
        })
      }
    }
  }

  #answers(batches: readonly Received[]): Buffer {
    const writer = new WireWriter(false).arrayLength(batches.length)
    for (const batch of batches) {
      this.received.push(batch)
      const { errorCode, baseOffset } = this.answer(batch) ?? this.#leaderOf(batch)
      writer.string(batch.topic).arrayLength(1).int32(batch.partition).int16(errorCode)
      writer.int64(BigInt(baseOffset)).int64(-1n).int64(0n).arrayLength(0).string(null)
    }
    return writer.int32(0).finish()
  }

  #leaderOf(batch: Received): ModelAnswer {
    const { topic, partition, producerId, epoch, sequence, count } = batch
    const place = `${topic}/${partition}`
    let leader = this.#leaders.get(place)
    if (leader === undefined) this.#leaders.set(place, (leader = new ModelBroker()))
    const records = Array.from({ length: count }, (_, at) => `${epoch}/${sequence + at}`)
    return leader.receive({ sequence }, producerId, epoch, records)
  }
}

function readProduceRequest(body: Buffer): Received[] {
  const reader = new WireReader(body, false)
  reader.string()
  reader.int16()
  reader.int32()
  const batches: Received[] = []
  for (let topics = reader.arrayLength(); topics > 0; topics--) {
    const topic = reader.string() ?? ''
    for (let partitions = reader.arrayLength(); partitions > 0; partitions--) {
      const partition = reader.int32()
      const bytes = reader.bytes() ?? Buffer.alloc(0)
      batches.push({
        topic,
        partition,
        producerId: bytes.readBigInt64BE(PRODUCER_ID),
        epoch: bytes.readInt16BE(PRODUCER_EPOCH),
        sequence: bytes.readInt32BE(BASE_SEQUENCE),
        count: bytes.readInt32BE(RECORD_COUNT)
      })
    }
  }
  return batches
}
