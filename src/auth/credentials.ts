import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../core/errors.ts'
import type { CallerScheme } from '../core/meter.ts'
import type { Principal } from '../core/principal.ts'
import type { Caller } from './caller.ts'
import type { ClientCertificate } from './certificates/client-certificate.ts'

/** What is known of the connection that a request comes over: of the client, or of a proxy in front of it. */
export interface ConnectionFacts {
  readonly address: string | undefined
  /** What was presented in TLS, if the listener asks for it. */
  readonly certificate: ClientCertificate | undefined
}

/** What a request shows of its caller. */
export interface Credentials {
  /** By name in lower case. Two fields of one name are joined by a comma. */
  readonly headers: IncomingHttpHeaders
  /** Where the request comes from; undefined if the connection is gone. */
  readonly address: string | undefined
  /** Path and query. */
  readonly target: string
  readonly method?: string | undefined
  /** Set if this very request was let in before, as a stream is that lasts: its proof is used up. */
  readonly principal?: Principal | undefined
  readonly connection?: ConnectionFacts
  /** Takes the nonce for the next proof of possession, for the answer to this request. */
  offerNonce?(nonce: string): void
}

/** One way to prove who calls. */
export interface Scheme {
  readonly name: CallerScheme
  /** The scheme in a sentence: `a bearer token`. */
  readonly text: string
  /**
   * Judges a credential of its own form. Returns undefined if the request carries another form or none. Throws or rejects with
   * the error that refuses the caller.
   */
  judge(credentials: Credentials): Caller | Promise<Caller> | undefined
}

/** RFC 9110 §11.4: a scheme, a space, and the rest. */
const SCHEME = /^([A-Za-z]+)(?: |$)/

/** Returns the scheme that an `Authorization` header names, in lower case. */
export function schemeNamed(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : SCHEME.exec(authorization)?.[1].toLowerCase()
}

/** Makes the error for a key or password that is not accepted. One text for every reason; `detail` goes to the log only. */
export function invalidCredentials(detail: string, credentialId?: string): GatewayError {
  return new GatewayError('INVALID_CREDENTIALS', 'The credentials are not valid here.', {
    detail,
    ...(credentialId === undefined ? {} : { credentialId })
  })
}
