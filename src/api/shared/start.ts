import type { Start } from '../../gateway/gateway.ts'
import { wholeNumber } from './parameters.ts'

/** Where to begin, or an offset that a number cannot hold exactly. */
export type NamedStart = Start | bigint

/** A number that may be too large to be exact. */
const MORE_DIGITS = /^[1-9]\d{15,18}$/
/** Kafka's offsets have 64 bits. */
export const OFFSET_LIMIT = 2n ** 63n - 1n
/** ISO 8601, with a zone. A space stands for `+`: that is what a query makes of it. */
const TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:(Z)|([+ -])(\d{2}):?(\d{2}))$/

/** The forms, for error messages. */
export const START_FORMS = [
  `a whole number up to ${OFFSET_LIMIT}`,
  'earliest',
  'latest',
  '-N (the last N records)',
  'or @T (a time: milliseconds since 1970, or ISO 8601 with a zone, such as @2026-11-29T10:00:00Z)'
].join(', ')

/** Reads a place to begin at; undefined if the text is none of {@link START_FORMS}. */
export function parseStart(text: string): NamedStart | undefined {
  if (text.startsWith('-')) return lastRecords(exactNumber(text.slice(1)))
  if (text.startsWith('@')) {
    const sinceMs = timeOf(text.slice(1))
    return sinceMs === undefined ? undefined : { sinceMs }
  }
  return parseOffset(text)
}

/** Reads an offset or one of the two ends; undefined for any other text. A bigint is an offset that a number cannot hold exactly. */
export function parseOffset(text: string): number | bigint | 'earliest' | 'latest' | undefined {
  if (text === 'earliest' || text === 'latest') return text
  const offset = exactNumber(text)
  if (offset !== undefined) return offset
  return MORE_DIGITS.test(text) && BigInt(text) <= OFFSET_LIMIT ? BigInt(text) : undefined
}

function exactNumber(text: string): number | undefined {
  const number = wholeNumber(text)
  return number >= 0 && Number.isSafeInteger(number) ? number : undefined
}

function lastRecords(count: number | undefined): Start | undefined {
  if (count === undefined) return undefined
  return count === 0 ? 'latest' : { last: count }
}

/** Returns milliseconds since 1970, rounded up, because a record with an earlier timestamp is not meant. */
function timeOf(text: string): number | undefined {
  const plain = exactNumber(text)
  if (plain !== undefined) return plain
  const parts = TIME.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second = 0] = parts.slice(1, 7).map(part => Number(part ?? 0))
  const fields = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  const isDate = fields.getUTCMonth() === month - 1 && fields.getUTCDate() === day && fields.getUTCFullYear() === year
  if (!isDate || hour > 23 || minute > 59 || second > 59) return undefined
  const zoneMinutes = minutesOfZone(parts)
  if (zoneMinutes === undefined) return undefined
  const sinceMs = fields.getTime() + Math.ceil(Number((parts[7] ?? '').padEnd(9, '0')) / 1e6) - zoneMinutes * 60_000
  return sinceMs < 0 ? undefined : sinceMs
}

function minutesOfZone([, , , , , , , , utc, sign, hourText, minuteText]: RegExpExecArray): number | undefined {
  if (utc !== undefined) return 0
  const [hours, minutes] = [Number(hourText), Number(minuteText)]
  if (hours > 23 || minutes > 59) return undefined
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes)
}
