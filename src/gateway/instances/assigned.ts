import type { TopicPartitions } from '../../kafka/groups/consumer-protocol.ts'
import type { PartitionMap } from '../../kafka/groups/offset-messages.ts'
import { PARTITIONS_LIMIT, readRanges, writeRanges } from './ranges.ts'

/** Partitions that a client assigned itself. */
export interface Assigned {
  /** Null without such an assignment. */
  readonly assigned: TopicPartitions | null
  /** Version of the settings that assigned each; what was written of its position before is another assignment's. */
  readonly assignedSince: PartitionMap<number>
}

export const NOT_ASSIGNED: Assigned = { assigned: null, assignedSince: new Map() }

/** Version as which a member of JSON is named: canonical, so that none comes twice. */
const VERSION = /^(?:0|[1-9]\d{0,15})$/

/** Returns the assignment of these partitions by a version. Those that `before` has as well go on without a break. */
export function assignedBy(version: number, partitions: TopicPartitions, before: PartitionMap<number>): Assigned {
  const assignedSince = new Map(
    Array.from(partitions, ([topic, numbers]) => [
      topic,
      new Map(numbers.map(number => [number, before.get(topic)?.get(number) ?? version]))
    ])
  )
  return { assigned: partitions, assignedSince }
}

/** Writes an assignment as short as it can be: `{"4": {"topic": "0-15,20"}}`, by version. */
export function writeAssigned({ assignedSince }: Assigned): Record<string, Record<string, string>> {
  const byVersion = new Map<number, Map<string, number[]>>()
  for (const [topic, ofTopic] of assignedSince)
    for (const [partition, version] of ofTopic) {
      const partitions = byVersion.get(version) ?? new Map<string, number[]>()
      byVersion.set(version, partitions)
      partitions.set(topic, [...(partitions.get(topic) ?? []), partition])
    }
  return Object.fromEntries(Array.from(byVersion, ([version, partitions]) => [version, writeRanges(partitions)]))
}

/** Returns null for anything that {@link writeAssigned} does not write. */
export function readAssigned(written: unknown): Assigned | null {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return null
  const assignedSince = new Map<string, Map<number, number>>()
  let left = PARTITIONS_LIMIT
  for (const [version, ranges] of Object.entries(written)) {
    const partitions = VERSION.test(version) ? readRanges(ranges, left) : null
    if (partitions === null) return null
    for (const [topic, numbers] of partitions) {
      left -= numbers.length
      const ofTopic = assignedSince.get(topic) ?? new Map<number, number>()
      assignedSince.set(topic, ofTopic)
      for (const number of numbers) {
        if (ofTopic.has(number)) return null
        ofTopic.set(number, Number(version))
      }
    }
  }
  const assigned = new Map(Array.from(assignedSince, ([topic, ofTopic]) => [topic, sorted(ofTopic.keys())]))
  return { assigned, assignedSince }
}

function sorted(numbers: Iterable<number>): number[] {
  return [...numbers].sort((one, other) => one - other)
}
