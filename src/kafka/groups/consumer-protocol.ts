import { WireReader } from '../wire/wire-reader.ts'
import { WireWriter } from '../wire/wire-writer.ts'

/** Partitions by topic, as both messages carry them. */
export type TopicPartitions = ReadonlyMap<string, readonly number[]>

/** What a consumer tells its group: the metadata of its JoinGroup request. */
export interface Subscription {
  readonly topics: readonly string[]
  /** Null where there is none, which is not the same as empty. */
  readonly userData: Buffer | null
  /** From version 1 on (KIP-429). */
  readonly ownedPartitions?: TopicPartitions
  /** From version 2 on (KIP-792); −1 where there is none. */
  readonly generationId?: number
  /** From version 3 on (KIP-881). */
  readonly rackId?: string | null
}

/** What the leader of a group tells a consumer: the answer to its SyncGroup request. */
export interface Assignment {
  readonly partitions: TopicPartitions
  readonly userData: Buffer | null
}

/** The newest version of both messages that is written and understood. */
export const NEWEST_VERSION = 3

const NOTHING: TopicPartitions = new Map()

/**
 * Encodes a subscription as Java's ConsumerProtocol does. Fields that the version lacks are left out.
 * @see https://github.com/apache/kafka/blob/4.3.1/clients/src/main/resources/common/message/ConsumerProtocolSubscription.json
 */
export function encodeSubscription(subscription: Subscription, version = NEWEST_VERSION): Buffer {
  const { topics, userData, ownedPartitions = NOTHING, generationId = -1, rackId = null } = subscription
  const writer = new WireWriter(false).int16(version).arrayLength(topics.length)
  for (const topic of topics) writer.string(topic)
  writeUserData(writer, userData)
  if (version >= 1) writePartitions(writer, ownedPartitions)
  if (version >= 2) writer.int32(generationId)
  if (version >= 3) writer.string(rackId)
  return writer.finish()
}

/**
 * Encodes an assignment. All versions have the same fields, so the oldest is written by default: every client reads it.
 * @see https://github.com/apache/kafka/blob/4.3.1/clients/src/main/resources/common/message/ConsumerProtocolAssignment.json
 */
export function encodeAssignment({ partitions, userData }: Assignment, version = 0): Buffer {
  const writer = new WireWriter(false).int16(version)
  writePartitions(writer, partitions)
  writeUserData(writer, userData)
  return writer.finish()
}

/**
 * Returns null if the bytes are no subscription: brokers would let such a group hang, so do not send them back. Reads a
 * later version as the newest known one and ignores what follows, as Java does. Nothing returned shares memory with `bytes`.
 */
export function decodeSubscription(bytes: Buffer): Required<Subscription> | null {
  return tolerant(bytes, (reader, version) => ({
    topics: readList(reader, readString),
    userData: readUserData(reader),
    ownedPartitions: version >= 1 ? readPartitions(reader) : NOTHING,
    generationId: version >= 2 ? reader.int32() : -1,
    rackId: version >= 3 ? reader.string() : null
  }))
}

/** Returns null if the bytes are no assignment. Some brokers hand out none at all: zero bytes (KAFKA-9801). */
export function decodeAssignment(bytes: Buffer): Assignment | null {
  return tolerant(bytes, reader => ({ partitions: readPartitions(reader), userData: readUserData(reader) }))
}

function tolerant<T>(bytes: Buffer, read: (reader: WireReader, version: number) => T): T | null {
  const reader = new WireReader(bytes, false)
  try {
    const version = reader.int16()
    return version < 0 ? null : read(reader, version)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function writeUserData(writer: WireWriter, userData: Buffer | null): void {
  if (userData === null) writer.int32(-1)
  else writer.bytes(userData)
}

function writePartitions(writer: WireWriter, partitions: TopicPartitions): void {
  writer.arrayLength(partitions.size)
  for (const [topic, numbers] of partitions) {
    writer.string(topic).arrayLength(numbers.length)
    for (const number of numbers) writer.int32(number)
  }
}

function readUserData(reader: WireReader): Buffer | null {
  const bytes = reader.bytes()
  return bytes === null ? null : Buffer.from(bytes)
}

/** A topic may be named twice: its partitions are put together. */
function readPartitions(reader: WireReader): TopicPartitions {
  const partitions = new Map<string, number[]>()
  const entries = readList(reader, () => [readString(reader), readList(reader, () => reader.int32())] as const)
  for (const [topic, numbers] of entries) {
    const before = partitions.get(topic)
    partitions.set(topic, before === undefined ? numbers : [...before, ...numbers])
  }
  return partitions
}

function readString(reader: WireReader): string {
  const text = reader.string()
  if (text === null) throw new RangeError('A topic has no name')
  return text
}

function readList<T>(reader: WireReader, read: (reader: WireReader) => T): T[] {
  const length = reader.arrayLength()
  if (length < 0) throw new RangeError('A list is missing')
  const values: T[] = []
  for (let count = length; count > 0; count--) values.push(read(reader))
  // An array that has grown has room for more, and some of these are kept for long.
  return values.slice()
}
