import { isKeyLike } from './api-key-text.ts'
import { invalidCredentials, schemeNamed } from './credentials.ts'

export interface UserPassword {
  readonly user: string
  readonly password: string
}

const FIELD = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i
const LIMIT_BYTES = 255
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const CONTROLS = /\p{Cc}/u

/**
 * Reads the credentials of an `Authorization: Basic` field (RFC 7617). Returns undefined if the field has another scheme, null
 * if it is malformed: not canonical base64 of strict UTF-8, a control character, or a part of more than 255 bytes. So a
 * password has one spelling only.
 */
export function readBasic(authorization: string | undefined): UserPassword | null | undefined {
  if (authorization === undefined || schemeNamed(authorization) !== 'basic') return undefined
  if (authorization.length > 4 * LIMIT_BYTES) return null
  const encoded = FIELD.exec(authorization)?.[1]
  if (encoded === undefined) return null
  const bytes = Buffer.from(encoded, 'base64')
  const colon = bytes.indexOf(':')
  if (bytes.toString('base64') !== encoded || colon < 0) return null
  if (colon > LIMIT_BYTES || bytes.length - colon - 1 > LIMIT_BYTES) return null
  const text = strictText(bytes)
  if (text === undefined || CONTROLS.test(text)) return null
  const at = text.indexOf(':')
  return { user: text.slice(0, at), password: text.slice(at + 1) }
}

/**
 * Returns the user name and password of an `Authorization: Basic` field; undefined if the field has another scheme. Throws
 * INVALID_CREDENTIALS for a malformed one, and for an API key, which comes here only where keys are off.
 */
export function passwordIn(authorization: string | undefined): UserPassword | undefined {
  const given = readBasic(authorization)
  if (given === null) throw invalidCredentials('malformed Basic credentials')
  if (given !== undefined && isKeyLike(given.password)) throw invalidCredentials('an API key, and these are off')
  return given
}

function strictText(bytes: Buffer): string | undefined {
  try {
    return STRICT.decode(bytes)
  } catch {
    return undefined
  }
}
