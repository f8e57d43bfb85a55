import { GatewayError } from '../core/errors.ts'
import type { Fates, Meter } from '../core/meter.ts'
import type { Call } from '../core/principal.ts'
import type { ProduceOutcome } from '../core/produce-outcome.ts'
import { PARTITION, SPAN_STRIDE, type RecordTable } from '../core/record-table.ts'
import type { MetadataCache } from '../kafka/metadata/metadata-cache.ts'
import type { TopicMetadata } from '../kafka/metadata/topic-metadata.ts'
import type { Accumulator } from '../kafka/produce/accumulator.ts'
import type { ProduceOptions } from './gateway.ts'
import { callerError, callerOutcome } from './kafka-failures.ts'
import type { MissingTopics } from './missing-topics.ts'
import { type Part, partOf, wholeOutcome } from './part-of-request.ts'
import { partitionNotFound, refuseInternal, topicNotFound } from './topic-access.ts'

const NO_OPTIONS: ProduceOptions = {}

/** Checks a whole request against its topic, then submits it to the accumulator. */
export class Produce {
  readonly #metadata: Pick<MetadataCache, 'peek' | 'topic' | 'refresh'>
  readonly #accumulator: Pick<Accumulator, 'submit'>
  readonly #missing: Pick<MissingTopics, 'create'>
  readonly #meter: Meter

  constructor(
    metadata: Pick<MetadataCache, 'peek' | 'topic' | 'refresh'>,
    accumulator: Pick<Accumulator, 'submit'>,
    missing: Pick<MissingTopics, 'create'>,
    meter: Meter
  ) {
    this.#metadata = metadata
    this.#accumulator = accumulator
    this.#missing = missing
    this.#meter = meter
  }

  async execute(
    call: Call,
    topic: string,
    records: RecordTable,
    released: () => void,
    options: ProduceOptions = NO_OPTIONS
  ): Promise<ProduceOutcome> {
    let handedOver = false
    try {
      refuseInternal(topic)
      const known = this.#knownTopic(topic, records, options)
      const metadata = known ?? (await this.#checkedTopic(call, topic, records, options))
      refuseInternal(topic, metadata)
      // Otherwise every partition that a record names is there.
      const part = known === undefined && options.eachRecord === true ? existingPart(records, metadata) : undefined
      let outcome: ProduceOutcome
      if (part === undefined) {
        const answer = this.#accumulator.submit(metadata, records, call.deadline, released, call.trace)
        handedOver = true
        options.submitted?.()
        outcome = callerOutcome(await answer)
      } else {
        const { table } = part
        const answer =
          table.count === 0 ? undefined : this.#accumulator.submit(metadata, table, call.deadline, released, call.trace)
        handedOver = answer !== undefined
        options.submitted?.()
        outcome = withMissing(records, part, answer && callerOutcome(await answer), metadata)
      }
      this.#meter.produced(topic, records.bytes.length, fatesOf(outcome))
      return outcome
    } catch (error) {
      throw callerError(error)
    } finally {
      if (!handedOver) released()
    }
  }

  /** Throws TOPIC_NOT_FOUND and INTERNAL_TOPIC. A topic that is known is not asked for again. */
  async requireTopic({ deadline }: Call, topic: string): Promise<void> {
    refuseInternal(topic)
    const known = this.#metadata.peek(topic) ?? (await this.#metadata.topic(topic, deadline))
    if (known === null) throw topicNotFound(topic)
    refuseInternal(topic, known)
  }

  /** Returns the cached topic if it has all partitions that the request names; else undefined. */
  #knownTopic(topic: string, records: RecordTable, options: ProduceOptions): TopicMetadata | undefined {
    const known = this.#metadata.peek(topic)
    return known !== undefined && takes(known, records, options) ? known : undefined
  }

  async #checkedTopic(
    call: Call,
    topic: string,
    records: RecordTable,
    options: ProduceOptions
  ): Promise<TopicMetadata> {
    const known = (await this.#metadata.topic(topic, call.deadline)) ?? (await this.#created(call, topic, options))
    if (takes(known, records, options)) return known
    // Partitions may have been added since: refuse only on fresh metadata.
    const fresh = await this.#metadata.refresh(topic, call.deadline)
    if (fresh === null) throw topicNotFound(topic)
    if (takes(fresh, records, options)) return fresh
    if (fresh.partitions.length === 0) {
      throw new GatewayError('LEADER_NOT_AVAILABLE', `Topic '${topic}' has no partitions yet.`)
    }
    const { partition: named = -1, eachRecord } = options
    if (named >= fresh.partitions.length) throw partitionNotFound(topic, named, fresh.partitions.length)
    if (eachRecord === true) return fresh
    const record = missingPartition(records, fresh)
    const partition = records.spans[record * SPAN_STRIDE + PARTITION]
    throw new GatewayError(
      'INVALID_PARTITION',
      `records[${record}].partition: partition ${partition} does not exist, topic '${topic}' has ${fresh.partitions.length}.`
    )
  }

  /** Creates a topic that is not there, if the request wants that. */
  async #created(call: Call, topic: string, { create = false }: ProduceOptions): Promise<TopicMetadata> {
    if (!create) throw topicNotFound(topic)
    await this.#missing.create(call, topic)
    const metadata = await this.#metadata.refresh(topic, call.deadline)
    if (metadata !== null) return metadata
    throw new GatewayError('LEADER_NOT_AVAILABLE', `Topic '${topic}' was created, but is not visible yet.`)
  }
}

function fatesOf({ count, failures }: ProduceOutcome): Fates {
  if (failures === undefined) return { stored: count, notStored: 0, unknown: 0 }
  let unknown = 0
  for (const { stored } of failures.values()) if (stored === 'unknown') unknown++
  return { stored: count - failures.size, notStored: failures.size - unknown, unknown }
}

/** Returns whether the topic has all partitions that the request names. A topic under creation may have none yet. */
function takes(topic: TopicMetadata, records: RecordTable, { partition = -1 }: ProduceOptions): boolean {
  return partition < topic.partitions.length && topic.partitions.length > 0 && missingPartition(records, topic) < 0
}

/** Returns the first record that names a partition which the topic lacks; −1 if there is none. */
function missingPartition({ spans, count }: RecordTable, topic: TopicMetadata): number {
  const partitionCount = topic.partitions.length
  for (let record = 0, at = PARTITION; record < count; record++, at += SPAN_STRIDE) {
    if (spans[at] >= partitionCount) return record
  }
  return -1
}

/** Returns the records that name no partition, or one that the topic has; undefined if that is all of them. */
function existingPart(records: RecordTable, topic: TopicMetadata): Part | undefined {
  if (missingPartition(records, topic) < 0) return undefined
  return partOf(records, partition => partition < topic.partitions.length)
}

/** Returns the outcome of all records: those whose partition is not there have failed. */
function withMissing(
  records: RecordTable,
  part: Part,
  outcome: ProduceOutcome | undefined,
  { name, partitions }: TopicMetadata
): ProduceOutcome {
  return wholeOutcome(records, part, outcome, partition => {
    const { code, message } = partitionNotFound(name, partition, partitions.length)
    return { code, message, retriable: false, stored: 'no' }
  })
}
