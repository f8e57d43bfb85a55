import { timingSafeEqual } from 'node:crypto'
import type { BlockList } from 'node:net'
import { isWithin, networksOf } from '../core/lib/networks.ts'
import { readKeyFile, type KeyEntry } from './api-key-file.ts'
import { digestOf, idOf, isKeyLike, keyIdInQuery } from './api-key-text.ts'
import { readBasic } from './basic-field.ts'
import { type Caller, callerWithoutToken } from './caller.ts'
import { invalidCredentials, type Credentials, type Scheme, schemeNamed } from './credentials.ts'

/** The issuer of principals that API keys name. */
const ISSUER = 'apikey'

const START = 'krp_'
const AFTER_BEARER = 'Bearer '.length

interface Known {
  readonly entry: KeyEntry
  readonly digest: Buffer
  readonly networks: BlockList | undefined
  readonly caller: Caller
}

/** Compared with when there is no such key, so that both take the same time. */
const NO_DIGEST = Buffer.alloc(32)

/** API keys, judged by the entries of their file. */
export class ApiKeys implements Scheme {
  readonly name = 'api_key'
  readonly text = 'an API key'
  readonly #now: () => number
  #known: ReadonlyMap<string, Known> = new Map()

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Replaces all keys by those of a file. Returns how many there are, and what is wrong with the lines it refuses. */
  replace(text: string): { readonly count: number; readonly problems: readonly string[] } {
    const { entries, problems } = readKeyFile(text)
    this.#known = new Map(entries.map(entry => [entry.id, knownOf(entry)]))
    return { count: entries.length, problems }
  }

  /** Returns the id of a key in the query of a request: it has leaked, into logs of others at least. */
  leakedId({ target }: Credentials): string | undefined {
    return keyIdInQuery(target)
  }

  /** Returns whether a key may be in a request, wherever it stands. For requests with a token that is known: it is fast. */
  concerns({ headers: { authorization, 'x-api-key': field }, target }: Credentials): boolean {
    return (
      field !== undefined ||
      authorization?.startsWith(START, AFTER_BEARER) === true ||
      keyIdInQuery(target) !== undefined
    )
  }

  judge({ headers, address }: Credentials): Caller | undefined {
    const field = headers['x-api-key']
    if (field !== undefined) return this.#callerOf(String(field), address)
    const { authorization } = headers
    const scheme = schemeNamed(authorization)
    if (authorization === undefined) return undefined
    if (scheme === 'bearer') {
      const text = authorization.slice('bearer '.length).trim()
      return isKeyLike(text) ? this.#callerOf(text, address) : undefined
    }
    const basic = scheme === 'basic' ? readBasic(authorization) : undefined
    if (basic === undefined || basic === null || !isKeyLike(basic.password)) return undefined
    return this.#callerOf(basic.password, address, basic.user)
  }

  /** `user` is the name beside the key, which a log in front would show. */
  #callerOf(text: string, address: string | undefined, user = ''): Caller {
    const id = idOf(text)
    if (id === undefined) throw invalidCredentials('malformed API key')
    const known = this.#known.get(id)
    const isRight = timingSafeEqual(digestOf(text), known?.digest ?? NO_DIGEST)
    if (known === undefined || !isRight) throw invalidCredentials(`API key ${id}: unknown or wrong`, id)
    const objection = this.#objection(known, address, user)
    if (objection !== undefined) throw invalidCredentials(`API key ${id}: ${objection}`, id)
    return known.caller
  }

  #objection({ entry, networks }: Known, address: string | undefined, user: string): string | undefined {
    const { id, expiresMs, revokedMs } = entry
    const nowMs = this.#now()
    if (user !== '' && user !== 'key' && user !== id) return 'sent under another user name'
    if (revokedMs !== undefined && revokedMs <= nowMs) return 'revoked'
    if (expiresMs !== undefined && expiresMs <= nowMs) return 'expired'
    return networks === undefined || isWithin(networks, address) ? undefined : `not from ${address}`
  }
}

function knownOf(entry: KeyEntry): Known {
  const { id, sha256, principal, groups, roles, networks, kafka } = entry
  return {
    entry,
    digest: Buffer.from(sha256, 'hex'),
    networks: networks.length === 0 ? undefined : networksOf(networks),
    caller: {
      ...callerWithoutToken({ issuer: ISSUER, id: principal, groups, roles }, true, id),
      ...(kafka === undefined ? {} : { kafkaName: kafka })
    }
  }
}
