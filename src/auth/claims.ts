import type { JWTPayload } from 'jose'
import { member } from '../core/lib/member.ts'

/**
 * A claim by name or by path. A name with dots is looked for whole first: some providers put addresses before their
 * claims' names.
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

/** Claims whose one text is a list (RFC 8693 §4.2). In all others a space is part of a name: "former admins" are no admins. */
const LISTS = /(^|\.)(scope|scp)$/

/** Returns the texts of a claim: those of an array, or the one that it is. */
export function textsAt(claims: JWTPayload, path: string): string[] {
  const value = claimAt(claims, path)
  if (typeof value === 'string') return LISTS.test(path) ? value.split(' ').filter(Boolean) : [value]
  return Array.isArray(value) ? value.filter(entry => typeof entry === 'string') : []
}

/** A claim that is a text with something in it. */
export function textAt(claims: JWTPayload, path: string): string | undefined {
  const value = claimAt(claims, path)
  return typeof value === 'string' && value !== '' ? value : undefined
}
