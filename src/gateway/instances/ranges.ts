import type { TopicPartitions } from '../../kafka/groups/consumer-protocol.ts'

const RANGE = /^(0|[1-9]\d{0,9})(?:-([1-9]\d{0,9}))?$/
const LARGEST = 2 ** 31 - 1
/** Kafka advises against more partitions in a whole cluster; a text of a few bytes must not become a list of millions. */
export const PARTITIONS_LIMIT = 200_000

/** Writes partitions as short as they can be: `{"t": "0-15,20"}`. Topics without partitions are left out. */
export function writeRanges(partitions: TopicPartitions): Record<string, string> {
  const written: [string, string][] = []
  for (const [topic, numbers] of partitions) {
    const sorted = [...new Set(numbers)].sort((one, other) => one - other)
    const ranges: string[] = []
    for (let at = 0; at < sorted.length;) {
      const first = sorted[at]
      while (at + 1 < sorted.length && sorted[at + 1] === sorted[at] + 1) at++
      ranges.push(sorted[at] === first ? `${first}` : `${first}-${sorted[at]}`)
      at++
    }
    if (ranges.length > 0) written.push([topic, ranges.join(',')])
  }
  return Object.fromEntries(written)
}

/** Returns null for anything that {@link writeRanges} does not write, and for more than `limit` partitions. */
export function readRanges(written: unknown, limit = PARTITIONS_LIMIT): Map<string, number[]> | null {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return null
  const partitions = new Map<string, number[]>()
  let count = 0
  for (const [topic, text] of Object.entries(written)) {
    if (typeof text !== 'string') return null
    const numbers: number[] = []
    for (const range of text.split(',')) {
      const [, from = '', until] = RANGE.exec(range) ?? []
      const [first, last] = [Number(from), Number(until ?? from)]
      if (from === '' || last > LARGEST || (until !== undefined && last <= first) || first <= (numbers.at(-1) ?? -1))
        return null
      if ((count += last - first + 1) > limit) return null
      for (let number = first; number <= last; number++) numbers.push(number)
    }
    partitions.set(topic, numbers)
  }
  return partitions
}
