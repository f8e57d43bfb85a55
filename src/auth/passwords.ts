import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Recent } from '../core/lib/recent.ts'
import { SingleFlight } from '../core/lib/single-flight.ts'
import type { Attempts } from './attempts.ts'
import { passwordIn, type UserPassword } from './basic-field.ts'
import { type Caller, callerWithoutToken } from './caller.ts'
import { type Credentials, invalidCredentials, type Scheme } from './credentials.ts'
import { Derivations } from './derivations.ts'
import { costOf, type PasswordHash, readPasswordHash } from './password-hash.ts'
import { remember, remembering } from './remembering.ts'
import { readUserFile, type UserEntry } from './user-file.ts'

const ISSUER = 'basic'

interface User {
  readonly entry: UserEntry
  readonly hash: PasswordHash
  readonly caller: Caller
}

/** What a password was found to be, for as long as its user has the same hash. */
interface Verdict {
  readonly hash: string | undefined
  readonly isRight: boolean
}

const REMEMBERED_LIMIT = 10_000
const RIGHT_MS = 5 * 60_000
const WRONG_MS = 60_000

/** Users and passwords of a file. Verdicts are remembered under a keyed digest, so that memory holds no password. */
export class Passwords implements Scheme {
  readonly name = 'basic'
  readonly text = 'a user name and password'
  readonly #attempts: Attempts
  readonly #derivations: Derivations
  readonly #key = randomBytes(32)
  readonly #right: Recent<string, Verdict>
  readonly #wrong: Recent<string, Verdict>
  /** Derivations in flight, by the digest of user and password. */
  readonly #verifying = new SingleFlight<Caller>()
  #users: ReadonlyMap<string, User> = new Map()
  /** Derived for users that do not exist, so that they take as long. */
  #dearest: PasswordHash = { ln: 15, r: 8, p: 1, salt: randomBytes(16), hash: new Uint8Array(32) }

  /** `now` on a monotonic clock. */
  constructor(waiting: number, attempts: Attempts, now: () => number) {
    this.#attempts = attempts
    this.#derivations = new Derivations(waiting)
    this.#right = remembering(REMEMBERED_LIMIT, now)
    this.#wrong = remembering(REMEMBERED_LIMIT, now)
  }

  /** Replaces all users by those of a file. Returns how many there are, and what is wrong with the lines it refuses. */
  replace(text: string): { readonly count: number; readonly problems: readonly string[] } {
    const { entries, problems } = readUserFile(text)
    const users = entries.map(entry => [entry.name, userOf(entry)] as const)
    this.#users = new Map(users)
    if (users.length > 0)
      this.#dearest = users
        .map(([, { hash }]) => hash)
        .reduce((one, other) => (costOf(one) < costOf(other) ? other : one))
    return { count: entries.length, problems }
  }

  judge({ headers, address = '' }: Credentials): Caller | Promise<Caller> | undefined {
    const given = passwordIn(headers.authorization)
    if (given === undefined) return undefined
    const digest = this.#digestOf(given)
    const user = this.#users.get(given.user)
    const right = this.#right.get(digest)
    if (user !== undefined && right?.hash === user.entry.hash) return user.caller
    this.#attempts.check(address, given.user)
    const wrong = this.#wrong.get(digest)
    if (wrong !== undefined && wrong.hash === user?.entry.hash) throw this.#refusal(given, address)
    return this.#verifying.of(digest, () => this.#derive(given, digest, address))
  }

  close(): void {
    this.#derivations.close()
  }

  async #derive(given: UserPassword, digest: string, address: string): Promise<Caller> {
    const user = this.#users.get(given.user)
    const hash = user?.hash ?? this.#dearest
    const derived = await this.#derivations.derive({ hash, password: given.password }, address)
    const isRight = timingSafeEqual(derived, hash.hash) && user !== undefined
    const verdict = { hash: user?.entry.hash, isRight }
    remember(isRight ? this.#right : this.#wrong, digest, verdict, isRight ? RIGHT_MS : WRONG_MS)
    // The file may have changed meanwhile.
    if (!isRight || this.#users.get(given.user)?.entry.hash !== user.entry.hash) throw this.#refusal(given, address)
    this.#attempts.succeeded(address, given.user)
    return user.caller
  }

  #refusal({ user }: UserPassword, address: string): Error {
    this.#attempts.failed(address, user)
    // A name that nobody has is often a password in the wrong place: it is not logged.
    return invalidCredentials(this.#users.has(user) ? `user ${user}: wrong password` : 'unknown user')
  }

  #digestOf({ user, password }: UserPassword): string {
    return createHmac('sha256', this.#key).update(`${user}\n${password}`).digest('base64')
  }
}

function userOf(entry: UserEntry): User {
  const { name, groups, roles } = entry
  return {
    entry,
    hash: readPasswordHash(entry.hash),
    caller: callerWithoutToken({ issuer: ISSUER, id: name, groups, roles }, null)
  }
}
