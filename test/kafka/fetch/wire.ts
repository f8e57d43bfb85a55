import type { CurrentLeader } from '../../../src/kafka/metadata/leader-hints.ts'
import type { AbortedTransaction } from '../../../src/kafka/records/aborted-filter.ts'
import type { BrokerNode } from '../../../src/kafka/transport/broker-node.ts'
import { WireReader } from '../../../src/kafka/wire/wire-reader.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'

export interface AskedPartition {
  /** Name before version 13, else the id in hex. */
  readonly topic: string
  readonly partition: number
  readonly leaderEpoch: number
  readonly offset: number
  readonly maxBytes: number
}

export interface AnsweredPartition {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly startOffset: number
  readonly aborted: readonly AbortedTransaction[]
  readonly preferredReadReplica: number
  readonly currentLeader?: CurrentLeader
  readonly records: Buffer
}

/** The broker's side of a Fetch request: the partitions asked for, in their order. */
export function readRequest(version: number, body: Buffer): AskedPartition[] {
  const reader = new WireReader(body, version >= 12)
  reader.slice((version <= 14 ? 4 : 0) + 4 + 4 + 4 + 1 + (version >= 7 ? 8 : 0))
  const asked: AskedPartition[] = []
  for (let topics = reader.arrayLength(); topics > 0; topics--) {
    const topic = version >= 13 ? reader.slice(16).toString('hex') : (reader.string() ?? '')
    for (let partitions = reader.arrayLength(); partitions > 0; partitions--) {
      const partition = reader.int32()
      const leaderEpoch = version >= 9 ? reader.int32() : -1
      const offset = reader.int64()
      if (version >= 12) reader.int32()
      if (version >= 5) reader.int64()
      asked.push({ topic, partition, leaderEpoch, offset, maxBytes: reader.int32() })
      reader.skipTags()
    }
    reader.skipTags()
  }
  return asked
}

export interface AskedPoll {
  readonly waitMs: number
  /** 0: all records, 1: committed ones. */
  readonly isolation: number
  readonly sessionId: number
  readonly epoch: number
  readonly partitions: readonly AskedPartition[]
  readonly forgotten: readonly Pick<AskedPartition, 'topic' | 'partition'>[]
}

/** The broker's side of a request with what a fetch session needs, from version 7 on. */
export function readPoll(version: number, body: Buffer): AskedPoll {
  const reader = new WireReader(body, version >= 12)
  if (version <= 14) reader.int32()
  const waitMs = reader.int32()
  reader.slice(8)
  const isolation = reader.int8()
  const [sessionId, epoch] = [reader.int32(), reader.int32()]
  const partitions = readRequest(version, body)
  for (let topics = reader.arrayLength(); topics > 0; topics--) {
    if (version >= 13) reader.slice(16)
    else reader.string()
    for (let count = reader.arrayLength(); count > 0; count--) {
      reader.slice(version >= 12 ? 32 : version >= 9 ? 28 : 24)
      reader.skipTags()
    }
    reader.skipTags()
  }
  const forgotten: Pick<AskedPartition, 'topic' | 'partition'>[] = []
  for (let topics = reader.arrayLength(); topics > 0; topics--) {
    const topic = version >= 13 ? reader.slice(16).toString('hex') : (reader.string() ?? '')
    for (let count = reader.arrayLength(); count > 0; count--) forgotten.push({ topic, partition: reader.int32() })
    reader.skipTags()
  }
  return { waitMs, isolation, sessionId, epoch, partitions, forgotten }
}

/** How long the broker may wait. */
export function waitMsOf(version: number, body: Buffer): number {
  return body.readInt32BE(version <= 14 ? 4 : 0)
}

/** 0: all records, 1: committed ones. */
export function isolationOf(version: number, body: Buffer): number {
  return body.readInt8(version <= 14 ? 16 : 12)
}

/** Tagged fields that a broker may add anywhere; whoever does not know them skips them. */
function tags(writer: WireWriter): void {
  if (writer.flexible) writer.uvarint(2).uvarint(7).uvarint(3).raw(Buffer.from('abc')).uvarint(9).uvarint(0)
}

export interface AnswerHead {
  readonly throttleTimeMs?: number
  readonly errorCode?: number
  /** From version 16 on. */
  readonly nodes?: readonly BrokerNode[]
  readonly sessionId?: number
}

/** The broker's answer, in the order given; partitions of a topic that do not follow one another make two topics. */
export function writeResponse(
  version: number,
  answers: readonly AnsweredPartition[],
  { throttleTimeMs = 0, errorCode = 0, sessionId = 0, nodes = [] }: AnswerHead = {}
): Buffer {
  const writer = new WireWriter(version >= 12)
  writer.int32(throttleTimeMs)
  if (version >= 7) writer.int16(errorCode).int32(sessionId)
  const topics = Map.groupBy(answers, ({ topic }) => topic)
  writer.arrayLength(topics.size)
  for (const [topic, partitions] of topics) {
    if (version >= 13) writer.raw(Buffer.from(topic, 'hex'))
    else writer.string(topic)
    writer.arrayLength(partitions.length)
    for (const each of partitions) writePartition(writer, version, each)
    tags(writer)
  }
  if (nodes.length === 0 || version < 16) tags(writer)
  else writeNodeEndpoints(writer, nodes)
  return writer.finish()
}

function writeNodeEndpoints(writer: WireWriter, nodes: readonly BrokerNode[]): void {
  const field = new WireWriter(true).arrayLength(nodes.length)
  for (const { id, host, port, rack } of nodes) tags(field.int32(id).string(host).int32(port).string(rack))
  const bytes = field.finish()
  writer.uvarint(2).uvarint(0).uvarint(bytes.length).raw(bytes).uvarint(9).uvarint(0)
}

function writePartition(writer: WireWriter, version: number, answer: AnsweredPartition): void {
  writer
    .int32(answer.partition)
    .int16(answer.errorCode)
    .int64(BigInt(answer.highWatermark))
    .int64(BigInt(answer.lastStableOffset))
  if (version >= 5) writer.int64(BigInt(answer.startOffset))
  writer.arrayLength(answer.aborted.length)
  for (const { producerId, firstOffset } of answer.aborted) {
    writer.int64(producerId).int64(BigInt(firstOffset))
    tags(writer)
  }
  if (version >= 11) writer.int32(answer.preferredReadReplica)
  writer.bytes(answer.records)
  if (answer.currentLeader === undefined || version < 16) tags(writer)
  else writeCurrentLeader(writer, answer.currentLeader)
}

/** Among fields that nobody knows; the leader itself may have tagged fields too. */
function writeCurrentLeader(writer: WireWriter, { id, epoch }: CurrentLeader): void {
  const leader = new WireWriter(true).int32(id).int32(epoch)
  tags(leader)
  const bytes = leader.finish()
  writer.uvarint(2).uvarint(1).uvarint(bytes.length).raw(bytes).uvarint(9).uvarint(0)
}
