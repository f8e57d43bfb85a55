import { randomBytes, scryptSync } from 'node:crypto'

/** A password's hash, and all that is needed to derive it again. */
export interface PasswordHash {
  /** CPU and memory cost, 2 to the power of `ln`. */
  readonly ln: number
  readonly r: number
  readonly p: number
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

/** PHC string format: `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`, base64 without padding. */
const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/
const MOST_MEMORY_BYTES = 256 * 1024 * 1024
/** Far above any sensible `p`; the time to derive grows with it. */
const MOST_PARALLEL = 16
const SALT_BYTES = 16
const HASH_BYTES = 32
/** 32 MiB, and a tenth of a second. */
const COST = { ln: 15, r: 8, p: 1 } as const

/** Reads a hash. Throws an Error if it has another form, or costs more memory than 256 MiB. */
export function readPasswordHash(text: string): PasswordHash {
  const parts = FORM.exec(text)
  if (parts === null) throw new Error('hash is no $scrypt$ hash')
  const [ln, r, p] = [parts[1], parts[2], parts[3]].map(Number)
  const isSane = ln >= 1 && r >= 1 && p >= 1 && p <= MOST_PARALLEL && memoryBytes({ ln, r, p }) <= MOST_MEMORY_BYTES
  if (!isSane) throw new Error('hash costs more than 256 MiB, or nothing')
  return { ln, r, p, salt: Buffer.from(parts[4], 'base64'), hash: Buffer.from(parts[5], 'base64') }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '')

/** Hashes a password with a new salt. Takes a tenth of a second. */
export function hashPassword(password: string): string {
  const salt = randomBytes(SALT_BYTES)
  const hash = deriveKey({ ...COST, salt, hash: new Uint8Array(HASH_BYTES) }, password)
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${base64(salt)}$${base64(hash)}`
}

/** Derives what a password's hash must be equal to. Blocks for as long as the hash costs. */
export function deriveKey({ ln, r, p, salt, hash }: PasswordHash, password: string): Buffer {
  // Node refuses more than 32 MiB unless told otherwise.
  const maxmem = memoryBytes({ ln, r, p }) + 1024 * 1024
  return scryptSync(Buffer.from(password), salt, hash.length, { N: 2 ** ln, r, p, maxmem })
}

/** Returns how much work a hash is, to find the dearest. */
export function costOf({ ln, r, p }: Pick<PasswordHash, 'ln' | 'r' | 'p'>): number {
  return 2 ** ln * r * p
}

function memoryBytes({ ln, r, p }: Pick<PasswordHash, 'ln' | 'r' | 'p'>): number {
  return 128 * r * (2 ** ln + p)
}
