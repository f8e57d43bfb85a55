import { hash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWTPayload, jwtVerify } from 'jose'
import { GatewayError } from '../../core/errors.ts'
import type { Credentials } from '../credentials.ts'
import { Nonces } from './nonces.ts'

export interface ProofOptions {
  /** Where clients reach the gateway, without a slash at its end. The `Host` of a request is never believed. */
  readonly publicUrl: string
  /** The same on all gateways. */
  readonly secret: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Algorithms of proofs, as the challenge names them. */
export const PROOF_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'EdDSA',
  'Ed25519'
] as const
const LIMIT_CHARACTERS = 4096
const MOST_ID_CHARACTERS = 256

/**
 * Judges proofs that the sender of a token holds the key that the token is bound to: DPoP.
 * @see https://www.rfc-editor.org/rfc/rfc9449
 */
export class Proofs {
  readonly #publicUrl: string
  readonly #nonces: Nonces

  constructor({ publicUrl, secret, now }: ProofOptions) {
    this.#publicUrl = publicUrl
    this.#nonces = new Nonces(secret, now)
  }

  /**
   * Judges the proof in the `DPoP` field by RFC 9449 §4.3, and offers a nonce if that of the proof is about to end (§8.2).
   * `thumbprint` is that of the key in the token. Rejects with INVALID_TOKEN, whose challenge asks for the nonce that it
   * carries if that is what is missing, or with OVERLOADED.
   */
  async judge(credentials: Credentials, token: string, thumbprint: string): Promise<void> {
    const { claims, key } = await this.#verified(credentials.headers.dpop)
    if (key !== thumbprint) throw refused('key', 'the token is bound to another key')
    const [path] = credentials.target.split('?', 1)
    if (claims.htm !== credentials.method) throw refused('method', `htm ${String(claims.htm)}`)
    if (!isSameAddress(claims.htu, this.#publicUrl + path)) throw refused('address', `htu ${String(claims.htu)}`)
    if (claims.ath !== hash('sha256', token, 'base64url')) throw refused('token', 'ath is of another token')
    const { jti, iat } = claims
    if (typeof iat !== 'number') throw refused('time', 'no iat')
    if (typeof jti !== 'string' || jti === '' || jti.length > MOST_ID_CHARACTERS) throw refused('id', 'no jti')
    const state = this.#nonces.stateOf(claims.nonce)
    if (state === 'stale') throw this.#nonceNeeded()
    this.#use(`${key} ${jti}`)
    if (state === 'ending') credentials.offerNonce?.(this.#nonces.current())
  }

  #use(id: string): void {
    const use = this.#nonces.use(hash('sha256', id, 'base64'))
    if (use === 'again') throw refused('id', 'the proof was used before')
    if (use === 'full') throw new GatewayError('OVERLOADED', 'Too many proofs are remembered now.')
  }

  async #verified(proof: unknown): Promise<{ readonly claims: JWTPayload; readonly key: string }> {
    if (typeof proof !== 'string' || proof.length > LIMIT_CHARACTERS) throw refused('form', 'no proof, or a long one')
    try {
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: [...PROOF_ALGORITHMS]
      })
      const { jwk } = protectedHeader
      if (jwk === undefined) throw new errors.JWSInvalid('no jwk')
      return { claims: payload, key: await calculateJwkThumbprint(jwk) }
    } catch (error) {
      throw refused('form', String(error))
    }
  }

  #nonceNeeded(): GatewayError {
    const nonce = { 'DPoP-Nonce': this.#nonces.current() }
    return refusal('use_dpop_nonce', 'The proof needs the nonce of this answer.', 'no fresh nonce', nonce)
  }
}

/** The challenge of a gateway that takes proofs (RFC 9449 §7.1). */
export const CHALLENGE = `DPoP algs="${PROOF_ALGORITHMS.join(' ')}"`

const refused = (what: string, detail: string): GatewayError =>
  refusal('invalid_dpop_proof', `The proof of possession is not valid: ${what}.`, detail)

/** `error` is that of the challenge (RFC 9449 §7.1, §9). */
function refusal(error: string, message: string, detail: string, headers: Record<string, string> = {}): GatewayError {
  const challenge = `${CHALLENGE}, error="${error}", error_description="${message}"`
  return new GatewayError('INVALID_TOKEN', message, { detail, headers: { ...headers, 'WWW-Authenticate': challenge } })
}

/** Compares addresses without query and fragment, after normalising them (RFC 9449 §4.3, 9). */
function isSameAddress(given: unknown, own: string): boolean {
  const [url, expected] = [typeof given === 'string' ? URL.parse(given) : null, URL.parse(own)]
  return url !== null && expected !== null && url.origin === expected.origin && url.pathname === expected.pathname
}
