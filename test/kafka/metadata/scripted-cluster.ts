import type { TestContext } from 'node:test'
import type { PartitionMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import type { BrokerNode } from '../../../src/kafka/transport/broker-node.ts'
import { Brokers } from '../../../src/kafka/transport/brokers.ts'
import { WireReader } from '../../../src/kafka/wire/wire-reader.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { kafkaConfig, ScriptedBroker, silent } from '../transport/scripted-broker.ts'

export const METADATA = 3
const FLEXIBLE_SINCE = 9
const NO_ID = Buffer.alloc(16)

export interface ShownTopic {
  readonly errorCode?: number
  readonly id?: Buffer
  readonly isInternal?: boolean
  readonly partitions?: readonly PartitionMetadata[]
}

export interface AskedMetadata {
  /** Null: all topics. */
  readonly names: readonly string[] | null
  readonly mayCreate: boolean
}

/** What a broker knows; it answers 3 for every other name. */
export interface View {
  readonly topics: Map<string, ShownTopic>
  readonly asked: AskedMetadata[]
  brokers: readonly BrokerNode[]
  controllerId: number
}

export function partition(number: number, leader: number, leaderEpoch = 0): PartitionMetadata {
  return { partition: number, leader, leaderEpoch, replicas: [1, 2], isr: [1] }
}

/** The broker's side of Metadata. */
export function readMetadataRequest(version: number, body: Buffer): AskedMetadata {
  const reader = new WireReader(body, version >= FLEXIBLE_SINCE)
  const count = reader.arrayLength()
  const names: string[] = []
  for (let left = count; left > 0; left--) {
    if (version >= 10) reader.slice(16)
    names.push(reader.string() ?? '')
    reader.skipTags()
  }
  return { names: count < 0 ? null : names, mayCreate: reader.int8() !== 0 }
}

/** Tagged fields that a newer broker may add anywhere. */
function tags(writer: WireWriter): void {
  if (writer.flexible) writer.uvarint(1).uvarint(7).uvarint(3).raw(Buffer.from('abc'))
}

function ids(writer: WireWriter, brokers: readonly number[]): void {
  writer.arrayLength(brokers.length)
  for (const id of brokers) writer.int32(id)
}

export function writeMetadataAnswer(
  version: number,
  { brokers, controllerId }: Pick<View, 'brokers' | 'controllerId'>,
  topics: Iterable<readonly [string, ShownTopic]>
): Buffer {
  const writer = new WireWriter(version >= FLEXIBLE_SINCE).int32(0).arrayLength(brokers.length)
  for (const { id, host, port, rack } of brokers) tags(writer.int32(id).string(host).int32(port).string(rack))
  const shown = [...topics]
  writer.string('cluster').int32(controllerId).arrayLength(shown.length)
  for (const [name, { errorCode = 0, id = NO_ID, isInternal = false, partitions = [] }] of shown) {
    writer.int16(errorCode).string(name)
    if (version >= 10) writer.raw(id)
    writer.int8(isInternal ? 1 : 0).arrayLength(partitions.length)
    for (const each of partitions) {
      writer
        .int16(each.leader < 0 ? 5 : 0)
        .int32(each.partition)
        .int32(each.leader)
      if (version >= 7) writer.int32(each.leaderEpoch)
      ids(writer, each.replicas)
      ids(writer, each.isr)
      if (version >= 5) ids(writer, [])
      tags(writer)
    }
    if (version >= 8) writer.int32(-2_147_483_648)
    tags(writer)
  }
  if (version >= 8 && version <= 10) writer.int32(-2_147_483_648)
  tags(writer)
  return writer.finish()
}

/** Makes the broker answer Metadata from what it returns: its view of the cluster, which the test changes. */
export function serveMetadata(broker: ScriptedBroker, maxVersion = 12): View {
  const view: View = { topics: new Map(), asked: [], brokers: [], controllerId: 1 }
  broker.apis.set(METADATA, {
    max: maxVersion,
    flexibleSince: FLEXIBLE_SINCE,
    serve: ({ version, body, answer }) => {
      const asked = readMetadataRequest(version, body)
      view.asked.push(asked)
      const names = asked.names ?? [...view.topics.keys()]
      const shown = names.map(name => [name, view.topics.get(name) ?? { errorCode: 3 }] as const)
      answer(writeMetadataAnswer(version, view, shown))
    }
  })
  return view
}

export interface ScriptedCluster {
  readonly scripted: readonly ScriptedBroker[]
  readonly views: readonly View[]
  readonly brokers: Brokers
}

/** Brokers 1, 2 and so on, known to the gateway from the first on. */
export async function startCluster(t: TestContext, count: number, maxVersion = 12): Promise<ScriptedCluster> {
  const scripted = await Promise.all(Array.from({ length: count }, () => ScriptedBroker.start()))
  const nodes = scripted.map(({ port }, index) => ({ id: index + 1, host: '127.0.0.1', port, rack: null }))
  const views = scripted.map(broker => serveMetadata(broker, maxVersion))
  for (const view of views) view.brokers = nodes
  const brokers = new Brokers(kafkaConfig([scripted[0].address]), {}, silent)
  brokers.update(new Map(nodes.map(node => [node.id, node])), scripted[0].address)
  t.after(async () => {
    await brokers.close()
    await Promise.all(scripted.map(broker => broker.close()))
  })
  return { scripted, views, brokers }
}
