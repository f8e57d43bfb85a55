import { GatewayError } from '../core/errors.ts'
import { type Credentials, type Scheme, schemeNamed } from './credentials.ts'
import { CHALLENGE } from './proofs/proofs.ts'

const BASIC = 'Basic realm="kafka", charset="UTF-8"'

/** Writes the `WWW-Authenticate` field of refusals: one challenge for each scheme that is on (RFC 9110 §11.6.1). */
export class Challenges {
  readonly #bearer: boolean
  readonly #basic: boolean
  readonly #proofs: boolean
  readonly #needed: string

  /** @param proofs whether tokens may be bound to keys */
  constructor(schemes: readonly Scheme[], proofs: boolean) {
    this.#proofs = proofs
    this.#bearer = schemes.some(({ name }) => name === 'token' || name === 'api_key')
    this.#basic = schemes.some(({ name }) => name === 'basic')
    const texts = schemes.map(({ text }) => text)
    const last = texts.pop() ?? ''
    this.#needed = texts.length === 0 ? last : `${texts.join(', ')} or ${last}`
  }

  /** Makes the error for a request that carries no credential of a scheme that is on. */
  nothingSent(): GatewayError {
    const needed = `${this.#needed.charAt(0).toUpperCase()}${this.#needed.slice(1)}`
    return new GatewayError('UNAUTHENTICATED', `${needed} is needed.`)
  }

  /** Returns the error of a refused caller with the challenges of all schemes. Returns other errors unchanged. */
  with(error: GatewayError, credentials: Credentials): GatewayError {
    if (error.status !== 401) return error
    const { 'WWW-Authenticate': own, ...headers } = error.headers ?? {}
    if (own !== undefined && !this.#basic && !this.#proofs) return error
    if (!this.#bearer && !this.#basic) return error
    const ofProof = (own ?? '').startsWith('DPoP ')
    const challenges = [
      ...(this.#bearer ? [ofProof ? 'Bearer' : (own ?? bearerChallenge(error, credentials))] : []),
      ...(this.#proofs ? [ofProof ? own : CHALLENGE] : []),
      ...(this.#basic && (!this.#bearer || !isFromScript(credentials)) ? [BASIC] : [])
    ]
    const { code, message, detail, credentialId } = error
    return new GatewayError(code, message, {
      headers: { ...headers, 'WWW-Authenticate': challenges.join(', ') },
      ...(detail === undefined ? {} : { detail }),
      ...(credentialId === undefined ? {} : { credentialId })
    })
  }
}

/** Returns the challenge of RFC 6750 §3; with an error if the request had a bearer credential. */
function bearerChallenge({ message }: GatewayError, { headers }: Credentials): string {
  if (schemeNamed(headers.authorization) !== 'bearer') return 'Bearer'
  return `Bearer error="invalid_token", error_description="${message}"`
}

/** Returns whether a script of a page sent the request: browsers answer a Basic challenge with a password dialog. */
function isFromScript({ headers }: Credentials): boolean {
  const { origin, 'sec-fetch-mode': mode } = headers
  return origin !== undefined || (mode !== undefined && mode !== 'navigate')
}
