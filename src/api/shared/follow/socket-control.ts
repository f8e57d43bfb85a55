import { GatewayError } from '../../../core/errors.ts'
import { INT32_LIMIT } from '../../../http/limits.ts'
import { readJson } from '../json-value.ts'

/** What a client that follows by a WebSocket may say. */
export type SocketControl = { readonly credit: number } | { readonly seek: string } | { readonly pause: boolean }

const FORMS = '{"credit":N}, {"seek":"…"} or {"pause":true}'

/** Throws MALFORMED_JSON and INVALID_BODY. */
export function readControl(text: Buffer, limitBytes: number): SocketControl {
  const value = readJson(text, { bytes: limitBytes, depth: 1 })
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw noControl()
  const entries = Object.entries(value)
  if (entries.length !== 1) throw noControl()
  const [name, said] = entries[0] as [string, unknown]
  if (name === 'credit' && typeof said === 'number' && Number.isInteger(said) && said >= 1 && said <= INT32_LIMIT)
    return { credit: said }
  if (name === 'seek' && typeof said === 'string') return { seek: said }
  if (name === 'pause' && typeof said === 'boolean') return { pause: said }
  throw noControl()
}

function noControl(): GatewayError {
  return new GatewayError('INVALID_BODY', `A message must be ${FORMS}, N a whole number from 1 to ${INT32_LIMIT}.`)
}
