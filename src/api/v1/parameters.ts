import { GatewayError } from '../../core/errors.ts'
import type { Position, Start } from '../../gateway/gateway.ts'
import type { Query } from '../../http/call.ts'
import { INT32_LIMIT } from '../../http/limits.ts'
import { partitionNumber, wholeNumber } from '../shared/parameters.ts'
import { parsePosition } from '../shared/position.ts'
import { parseStart, START_FORMS, type NamedStart } from '../shared/start.ts'
import type { PageEncoding } from './record-form.ts'

/** Returns a bigint for an offset that a number cannot hold exactly. Throws INVALID_OFFSET. */
export function startOffset(text: string): NamedStart {
  const start = parseStart(text)
  if (start === undefined) throw new GatewayError('INVALID_OFFSET', `The offset must be ${START_FORMS}.`)
  return start
}

/** Returns milliseconds since 1970. Throws INVALID_PARAMETER. */
export function timestampMs(text: string): number {
  const timestamp = wholeNumber(text)
  if (timestamp >= 0 && Number.isSafeInteger(timestamp)) return timestamp
  throw new GatewayError('INVALID_PARAMETER', 'timestamp must be a whole number of milliseconds since 1970.')
}

/** Returns for how long to wait for records; 0 if the parameter is missing. Throws INVALID_PARAMETER. */
export function waitMs(text: string | null, limitMs: number): number {
  if (text === null) return 0
  const wait = wholeNumber(text)
  if (wait >= 0 && wait <= limitMs) return wait
  throw new GatewayError('INVALID_PARAMETER', `wait must be a whole number of milliseconds from 0 to ${limitMs}.`)
}

/** Returns undefined for all partitions: the parameter is missing. Throws INVALID_PARTITION. */
export function partitionNumbers(text: string | null): readonly number[] | undefined {
  return text === null ? undefined : [...new Set(text.split(',').map(partitionNumber))]
}

/** Returns where to begin in a topic: `latest` if the parameter is missing. Throws INVALID_OFFSET. */
export function followFrom(text: string | null): Start | Position {
  if (text === null) return 'latest'
  const from = parseStart(text) ?? parsePosition(text)
  if (from === undefined)
    throw new GatewayError('INVALID_OFFSET', `from must be the next of another page, or ${START_FORMS}.`)
  return numberOf(from)
}

/** No log reaches beyond what a number holds exactly. */
export function numberOf<T>(start: T | bigint): T | number {
  return typeof start === 'bigint' ? Number.MAX_SAFE_INTEGER : start
}

export function recordCount(text: string | null, usual = 1): number {
  if (text === null) return usual
  const count = wholeNumber(text)
  if (count >= 1 && count <= INT32_LIMIT) return count
  throw new GatewayError('INVALID_COUNT', `count must be a whole number from 1 to ${INT32_LIMIT}.`)
}

/** Returns how to encode keys or values: `base64`, or `auto` if the parameter is missing. Throws INVALID_ENCODING. */
export function encoding(text: string | null, name: string): 'auto' | 'base64' {
  if (text === null) return 'auto'
  if (text === 'base64') return 'base64'
  throw new GatewayError('INVALID_ENCODING', `${name} must be base64 where it is given.`)
}

/** Returns how to encode keys and values. Throws INVALID_ENCODING. */
export function encodingsIn(query: Query): PageEncoding {
  return {
    keys: encoding(query.get('key_encoding'), 'key_encoding'),
    values: encoding(query.get('value_encoding'), 'value_encoding')
  }
}
