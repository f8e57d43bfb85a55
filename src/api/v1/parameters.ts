import { GatewayError } from '../../core/errors.ts'
import { INT32_LIMIT } from '../../http/limits.ts'
import { wholeNumber } from '../shared/parameters.ts'

export function recordCount(text: string | null): number {
  if (text === null) return 1
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
