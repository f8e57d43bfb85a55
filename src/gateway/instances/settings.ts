import { createHash, randomBytes } from 'node:crypto'
import type { Principal } from '../../core/principal.ts'
import type { Isolation } from '../../kafka/fetch/read-request.ts'
import { type Assigned, NOT_ASSIGNED, readAssigned, writeAssigned } from './assigned.ts'

const FORMATS = ['binary', 'json', 'text'] as const
const DIALECTS = ['confluent', 'strimzi'] as const
const RESETS = ['earliest', 'latest', 'none'] as const
const ISOLATIONS = ['committed', 'uncommitted'] as const

/** How keys and values of records are shown. */
export type InstanceFormat = (typeof FORMATS)[number]
/** Whose client made the instance. */
export type InstanceDialect = (typeof DIALECTS)[number]
/** Where to begin without a commit, or after it was lost: `auto.offset.reset`. */
export type Reset = (typeof RESETS)[number]

/** What the client said when it made the instance. */
export interface CreateSettings {
  readonly format: InstanceFormat
  readonly dialect: InstanceDialect
  readonly autoCommit: boolean
  readonly reset: Reset
  readonly isolation: Isolation
  /** A poll waits for so many bytes of keys and values; 0 waits for any record. */
  readonly fetchMinBytes: number
  /** How long a poll waits that does not say; null is the dialect's default. */
  readonly waitMs: number | null
}

/** All of an instance but its topics and positions. Travels as userData of the member of the group that it is. */
export interface InstanceSettings extends CreateSettings, Assigned {
  /** Rises with each change, from the time when the instance was made, in milliseconds. */
  readonly version: number
  /** Random: tells it from those that had its name before. */
  readonly born: string
  /** Digest of the caller who made it. */
  readonly owner: string
  /** In the syntax of RE2; null unless it subscribed to a pattern. */
  readonly pattern: string | null
  /** Partitions of each topic at the time of the subscription: those that come later are read from their beginning. */
  readonly counts: ReadonlyMap<string, number>
}

export const NO_COUNTS: InstanceSettings['counts'] = new Map()

/** Bytes of user data that begin otherwise belong to somebody else's member. */
const MARK = 'kafka-rest-gateway'

/** Returns the digest of a caller; `id` alone is unique only within its issuer. */
export function ownerOf({ issuer, id }: Pick<Principal, 'issuer' | 'id'>): string {
  return createHash('sha256')
    .update(JSON.stringify([issuer, id]))
    .digest('base64url')
    .slice(0, 22)
}

export function bornNow(): string {
  return randomBytes(6).toString('base64url')
}

/** JSON, with short names: each takeover writes that of all members of the group. */
export function encodeSettings(settings: InstanceSettings): Buffer {
  const { version, born, owner, assigned, pattern, counts } = settings
  const { format, dialect, autoCommit, reset, isolation, fetchMinBytes, waitMs } = settings
  const written = {
    by: MARK,
    v: version,
    c: born,
    o: owner,
    f: format,
    d: dialect,
    a: autoCommit,
    r: reset,
    i: isolation,
    ...(fetchMinBytes === 0 ? {} : { b: fetchMinBytes }),
    ...(waitMs === null ? {} : { w: waitMs }),
    ...(assigned === null ? {} : { t: writeAssigned(settings) }),
    ...(pattern === null ? {} : { p: pattern }),
    ...(counts.size === 0 ? {} : { n: Object.fromEntries(counts) })
  }
  return Buffer.from(JSON.stringify(written))
}

/** Returns null for user data of anybody else. Ignores members that it does not know: a later gateway wrote them. */
export function decodeSettings(userData: Buffer | null): InstanceSettings | null {
  const written = parsed(userData)
  if (written === null || written.by !== MARK) return null
  const { v: version, c: born, o: owner, a: autoCommit, b = 0, w = null, t, p = null, n = {} } = written
  const format = oneOf(FORMATS, written.f)
  const dialect = oneOf(DIALECTS, written.d)
  const reset = oneOf(RESETS, written.r)
  const isolation = oneOf(ISOLATIONS, written.i)
  if (format === undefined || dialect === undefined || reset === undefined || isolation === undefined) return null
  if (!isCount(version) || typeof born !== 'string' || typeof owner !== 'string' || typeof autoCommit !== 'boolean')
    return null
  if (!isCount(b) || !(w === null || isCount(w))) return null
  if (!(p === null || typeof p === 'string')) return null
  const manual = t === undefined ? NOT_ASSIGNED : readAssigned(t)
  const counts = readCounts(n)
  if (manual === null || counts === null) return null
  const said = { format, dialect, autoCommit, reset, isolation, fetchMinBytes: b, waitMs: w }
  return { ...said, ...manual, version, born, owner, pattern: p, counts }
}

function parsed(userData: Buffer | null): Record<string, unknown> | null {
  if (userData === null || userData[0] !== 0x7b) return null
  try {
    const value: unknown = JSON.parse(userData.toString())
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readCounts(written: unknown): ReadonlyMap<string, number> | null {
  if (!isRecord(written)) return null
  const counts = Object.entries(written)
  if (counts.length === 0) return NO_COUNTS
  return counts.every((entry): entry is [string, number] => isCount(entry[1])) ? new Map(counts) : null
}

function oneOf<T extends string>(values: readonly T[], written: unknown): T | undefined {
  return values.find(value => value === written)
}

function isCount(written: unknown): written is number {
  return typeof written === 'number' && Number.isSafeInteger(written) && written >= 0
}
