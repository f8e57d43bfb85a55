import type { JWTPayload } from 'jose'
import { member } from '../core/lib/member.ts'

/**
 * Returns a claim by name or path. Tries the whole text as a name first: some providers prefix their claims with an address,
 * which has dots.
 */
export function claimAt(claims: JWTPayload, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let value: unknown = claims
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = member(value, step)
  }
  return value
}

/** Claims whose text is a list (RFC 8693 §4.2). In others a space is part of a name: "former admins" are not admins. */
const LISTS = /(^|\.)(scope|scp)$/

/** Returns the texts of a claim that is an array or one text. */
export function textsAt(claims: JWTPayload, path: string): string[] {
  const value = claimAt(claims, path)
  if (typeof value === 'string') return LISTS.test(path) ? value.split(' ').filter(Boolean) : [value]
  return Array.isArray(value) ? value.filter(entry => typeof entry === 'string') : []
}

/** Returns a claim that is a text and not empty. */
export function textAt(claims: JWTPayload, path: string): string | undefined {
  const value = claimAt(claims, path)
  return typeof value === 'string' && value !== '' ? value : undefined
}
