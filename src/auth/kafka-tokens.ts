import { createHmac, randomBytes } from 'node:crypto'
import type { JWTPayload } from 'jose'
import type { OidcProviderConfig } from '../config/auth-schema.ts'
import type { CallerIdentity, SaslCredentials } from '../core/kafka-identity.ts'
import { recent } from '../core/lib/recent.ts'
import { isEntra } from './issuers.ts'

/** Claims that differ from token to token of one caller: RFC 7519, OpenID Connect. */
const PER_TOKEN = ['exp', 'iat', 'nbf', 'jti', 'auth_time'] as const
/** The same of Entra ID, which documents them as opaque. */
const PER_TOKEN_AT_ENTRA = ['aio', 'uti', 'rh'] as const
const REMEMBERED = 10_000

/** What Kafka is shown for callers with tokens: their newest token. Tokens that say the same of a caller are one identity. */
export class KafkaTokens {
  readonly #audience: ReadonlySet<string>
  readonly #key = randomBytes(32)
  readonly #identities = recent<string, { readonly identity: CallerIdentity; readonly sasl: NewestToken }>(REMEMBERED)

  /** Tokens for one of these audiences are shown to Kafka. */
  constructor(audience: readonly string[]) {
    this.#audience = new Set(audience)
  }

  /** Takes up a verified token. Returns undefined if it is not meant for Kafka. */
  identityOf(token: string, claims: JWTPayload, provider: OidcProviderConfig): CallerIdentity | undefined {
    const { aud = [], exp = 0 } = claims
    if (!(typeof aud === 'string' ? [aud] : aud).some(audience => this.#audience.has(audience))) return undefined
    const key = this.#keyOf(claims, provider)
    let known = this.#identities.get(key)
    if (known === undefined) {
      const sasl = new NewestToken()
      this.#identities.set(key, (known = { identity: { key, sasl }, sasl }))
    }
    known.sasl.take(token, exp)
    return known.identity
  }

  #keyOf(claims: JWTPayload, provider: OidcProviderConfig): string {
    const left = new Set<string>([
      ...PER_TOKEN,
      ...(provider.perTokenClaims ?? []),
      ...(isEntra(provider) ? PER_TOKEN_AT_ENTRA : [])
    ])
    const lasting = Object.entries(claims).filter(([name]) => !left.has(name))
    return createHmac('sha256', this.#key)
      .update(JSON.stringify(ordered(Object.fromEntries(lasting))))
      .digest('base64')
  }
}

/** Shows whichever token ends last. */
class NewestToken implements SaslCredentials {
  readonly mechanism = 'OAUTHBEARER'
  #token = ''
  #exp = -Infinity

  take(token: string, exp: number): void {
    if (exp < this.#exp) return
    this.#token = token
    this.#exp = exp
  }

  /** A broker may accept one that has expired, but ends each session with it at its first request. */
  readonly token = (): Promise<string | undefined> =>
    Promise.resolve(this.#exp * 1000 > Date.now() ? this.#token : undefined)
}

/** Returns a JSON value as pairs, sorted by name, however the token orders its members. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => [name, ordered(member)])
}
