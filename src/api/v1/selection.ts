import { GatewayError } from '../../core/errors.ts'
import {
  FIND_LIMIT_BYTES,
  type FollowRequest,
  type PageLimits,
  type Position,
  type Start
} from '../../gateway/gateway.ts'
import type { Query } from '../../http/call.ts'
import { INT32_LIMIT } from '../../http/limits.ts'
import { wholeNumber } from '../shared/parameters.ts'
import { parsePosition } from '../shared/position.ts'
import type { Cut } from '../shared/records/cut-text.ts'
import { parseStart } from '../shared/start.ts'
import { numberOf } from './parameters.ts'

/** Longest text to search for, of any characters: each has up to four bytes. */
export const FIND_CHARACTERS = 62
const SEARCHABLE = new RegExp(`^(?:[^]{1,${FIND_CHARACTERS}}|[\\x00-\\x7f]{1,${FIND_LIMIT_BYTES}})$`, 'u')
/** What is read for one page of the beginnings of long values. */
const CUT_SCAN_BYTES = 256 * 1024 * 1024

/** What a call asks for that is less than everything. */
export interface Selection {
  readonly request: Pick<FollowRequest, 'until' | 'only' | 'partitionOf'>
  readonly cut: Cut | undefined
  readonly limits: Pick<PageLimits, 'keyBytes' | 'valueBytes' | 'scanBytes'>
  /** Records are looked at that may not be brought. */
  readonly isSearch: boolean
}

/** Queries that ask for everything. Requests with the same query share it, so that looking for each parameter is spared. */
const whole = new WeakSet<Query>()

/** Returns undefined if everything is asked for. Throws INVALID_OFFSET, INVALID_PARAMETER. */
export function selectionIn(query: Query, scanBytes: number): Selection | undefined {
  if (whole.has(query)) return undefined
  const selection = readSelection(query, scanBytes)
  if (selection === undefined) whole.add(query)
  return selection
}

function readSelection(query: Query, scanBytes: number): Selection | undefined {
  const until = orUndefined(query.get('until'), stopOf)
  const key = orUndefined(query.get('key'), text => Buffer.from(text))
  const text = orUndefined(query.get('find'), textToFind)
  const keyBytes = orUndefined(query.get('key_bytes'), bytes => sentBytes(bytes, 'key_bytes'))
  const valueBytes = orUndefined(query.get('value_bytes'), bytes => sentBytes(bytes, 'value_bytes'))
  const partitioner = query.get('partitioner')
  if (partitioner !== null) requireJava(partitioner)
  if ([until, key, text, keyBytes, valueBytes].every(each => each === undefined)) return undefined
  const isSearch = key !== undefined || text !== undefined
  const isCut = keyBytes !== undefined || valueBytes !== undefined
  const scan = isSearch ? scanBytes : isCut ? CUT_SCAN_BYTES : undefined
  return {
    request: { until, only: { key, text }, partitionOf: partitioner === null ? undefined : key },
    cut: isCut ? { keyBytes: keyBytes ?? INT32_LIMIT, valueBytes: valueBytes ?? INT32_LIMIT } : undefined,
    limits: { keyBytes, valueBytes, scanBytes: scan },
    isSearch
  }
}

/** Returns where to stop. Throws INVALID_OFFSET. */
export function stopOf(text: string): Start | Position {
  const stop = parseStart(text) ?? parsePosition(text)
  if (stop === undefined || !isStop(stop))
    throw new GatewayError(
      'INVALID_OFFSET',
      'until must be an offset, the next of another page, latest, or @T (a time: milliseconds since 1970, or ISO 8601 with a zone).'
    )
  return numberOf(stop)
}

function isStop(stop: Start | bigint | Position): boolean {
  if (stop === 'earliest') return false
  if (typeof stop !== 'object') return true
  return 'starts' in stop ? [...stop.starts.values()].every(isStop) : 'sinceMs' in stop
}

/** Returns the bytes to search for. Throws INVALID_PARAMETER. */
export function textToFind(text: string): Buffer {
  if (SEARCHABLE.test(text)) return Buffer.from(text)
  throw new GatewayError(
    'INVALID_PARAMETER',
    `find must have 1 to ${FIND_CHARACTERS} characters, or up to ${FIND_LIMIT_BYTES} if all are ASCII.`
  )
}

/** Returns how many bytes to send. Throws INVALID_PARAMETER. */
export function sentBytes(text: string, name: string): number {
  const bytes = wholeNumber(text)
  if (bytes >= 0 && bytes <= INT32_LIMIT) return bytes
  throw new GatewayError('INVALID_PARAMETER', `${name} must be a whole number from 0 to ${INT32_LIMIT}.`)
}

/** Throws INVALID_PARAMETER. */
export function requireJava(partitioner: string): void {
  if (partitioner !== 'java') throw new GatewayError('INVALID_PARAMETER', 'partitioner must be java where it is given.')
}

function orUndefined<T>(text: string | null, read: (text: string) => T): T | undefined {
  return text === null ? undefined : read(text)
}
