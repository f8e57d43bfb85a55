import type { Position, Start } from '../../gateway/gateway.ts'
import { parseStart } from './start.ts'

/** A longer one would not come through proxies on its way back. */
export const POSITION_CHARACTERS = 4096

const TOPIC_ID = /^[\w-]{8}$/
const PARTITION = /^(?:0|[1-9]\d{0,9})$/
const INT32_LIMIT = 2 ** 31 - 1

/**
 * Writes a position: `Zk3v9aQx;0:42,1:17`, the beginning of the topic's id, then an offset for each partition; in place of an
 * offset, a place to begin at ({@link parseStart}) where it is not known yet.
 */
export function formatPosition({ topicId, starts }: Position): string {
  const places = Array.from(starts, ([partition, start]) => `${partition}:${formatStart(start)}`).join(',')
  return topicId === null ? places : `${topicId};${places}`
}

/** Reads a position, with or without the topic's id; undefined if the text is none. */
export function parsePosition(text: string): Position | undefined {
  const mark = text.indexOf(';')
  const topicId = mark < 0 ? null : text.slice(0, mark)
  if (topicId !== null && !TOPIC_ID.test(topicId)) return undefined
  const starts = new Map<number, Start>()
  for (const place of text.slice(mark + 1).split(',')) {
    const colon = place.indexOf(':')
    const partition = PARTITION.test(place.slice(0, colon)) ? Number(place.slice(0, colon)) : Infinity
    const start = parseStart(place.slice(colon + 1))
    if (colon < 0 || partition > INT32_LIMIT || start === undefined || starts.has(partition)) return undefined
    // No log reaches beyond what a number holds exactly.
    starts.set(partition, typeof start === 'bigint' ? Number.MAX_SAFE_INTEGER : start)
  }
  return { topicId, starts }
}

function formatStart(start: Start): string {
  if (typeof start !== 'object') return String(start)
  return 'last' in start ? `-${start.last}` : `@${start.sinceMs}`
}
