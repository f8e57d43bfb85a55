import { readTags } from '../messages/message.ts'
import type { BrokerNode } from '../transport/broker-node.ts'
import type { WireReader } from '../wire/wire-reader.ts'

/** The leader of a partition, as a broker names it that does not lead it (any more). */
export interface CurrentLeader {
  readonly id: number
  readonly epoch: number
}

/** What an answer tells of the leaders of a topic (KIP-951). */
export interface LeaderHint {
  /** Of the topic that was asked about; null if the cluster has no topic ids. */
  readonly topicId: Buffer | null
  /** By partition. */
  readonly leaders: ReadonlyMap<number, CurrentLeader>
  /** Where those brokers are that it names. */
  readonly nodes: readonly BrokerNode[]
  /** The broker that answered. */
  readonly from: number
}

/** Tag of the field `NodeEndpoints`, in Produce and Fetch answers alike. */
const NODE_ENDPOINTS = 0
export const NO_NODES: readonly BrokerNode[] = []

/**
 * Reads the tagged fields at the end of a partition's answer. Returns the field `CurrentLeader`, whose tag depends on the
 * API; undefined if the broker names no leader (KIP-951).
 */
export function readCurrentLeader(reader: WireReader, tagOfLeader: number): CurrentLeader | undefined {
  let leader: CurrentLeader | undefined
  readTags(reader, tag => {
    if (tag === tagOfLeader) leader = { id: reader.int32(), epoch: reader.int32() }
  })
  return leader === undefined || leader.id < 0 || leader.epoch < 0 ? undefined : leader
}

/** Reads the tagged fields at the end of an answer: the addresses of the brokers that it names as leaders (KIP-951). */
export function readNodeEndpoints(reader: WireReader): readonly BrokerNode[] {
  let nodes = NO_NODES
  readTags(reader, tag => {
    if (tag === NODE_ENDPOINTS) nodes = readNodes(reader)
  })
  return nodes
}

function readNodes(reader: WireReader): BrokerNode[] {
  return Array.from({ length: reader.arrayLength() }, () => {
    const node = { id: reader.int32(), host: reader.string() ?? '', port: reader.int32(), rack: reader.string() }
    reader.skipTags()
    return node
  })
}
