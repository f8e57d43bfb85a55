import { hash, randomBytes, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SECRET_BYTES = 32
/** Enough base62 digits for 256 bits, and for 32. */
const SECRET_DIGITS = 43
const CHECKSUM_DIGITS = 6
const ID_DIGITS = 12
/** `krp_<id>_<secret><checksum>`. */
const FORM = /^krp_([0-9A-Za-z]{12})_[0-9A-Za-z]{49}$/
/** A key anywhere in a text. */
const WITHIN = /krp_([0-9A-Za-z]{12})_[0-9A-Za-z]{49}/
const START = 'krp_'

/** Returns whether a text claims to be an API key. Such a text must not reach another scheme. */
export function isKeyLike(text: string): boolean {
  return text.startsWith(START)
}

/** Returns the id of a key whose form and checksum are right; undefined for any other text, such as one with a typo. */
export function idOf(text: string): string | undefined {
  const id = FORM.exec(text)?.[1]
  return id !== undefined && text.endsWith(checksumOf(text.slice(0, -CHECKSUM_DIGITS))) ? id : undefined
}

/** Returns the id of the first key in the query of a target, in plain or percent-encoded form; undefined if there is none. */
export function keyIdInQuery(target: string): string | undefined {
  const start = target.indexOf('?')
  if (start < 0) return undefined
  const query = target.slice(start + 1)
  return WITHIN.exec(query)?.[1] ?? (query.includes('%') ? WITHIN.exec(decoded(query))?.[1] : undefined)
}

/** Makes a new key of 256 random bits. */
export function newKey(): { readonly id: string; readonly text: string } {
  const id = Array.from({ length: ID_DIGITS }, () => DIGITS[randomInt(DIGITS.length)]).join('')
  const secret = base62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_DIGITS)
  const body = `${START}${id}_${secret}`
  return { id, text: body + checksumOf(body) }
}

/** Returns the SHA-256 of a key's whole text, as the file of keys holds it. */
export function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

function checksumOf(text: string): string {
  return base62(BigInt(crc32(text)), CHECKSUM_DIGITS)
}

function base62(value: bigint, digits: number): string {
  let text = ''
  for (let rest = value; text.length < digits; rest /= 62n) text = DIGITS[Number(rest % 62n)] + text
  return text
}

function decoded(query: string): string {
  return query.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
