import { hash, timingSafeEqual } from 'node:crypto'
import { GatewayError } from '../core/errors.ts'
import { anonymous, noAccess, type Principal } from '../core/principal.ts'
import type { Authenticator } from './authenticator.ts'

const operator: Principal = Object.freeze({ id: 'management', issuer: '', appOnly: null, access: noAccess })

/** Lets whoever shows the token in, or everybody while there is none. `token` is asked at each request. */
export function managementAuthenticator(token: () => string | undefined): Pick<Authenticator, 'authenticate'> {
  return {
    authenticate({ headers: { authorization = '' } }) {
      const expected = token()
      if (expected === undefined) return anonymous
      // Digests have equal length, so timing reveals nothing about the token.
      if (timingSafeEqual(digest(authorization), digest(`Bearer ${expected}`))) return operator
      throw new GatewayError('UNAUTHENTICATED', 'This needs the token of management.token.', {
        headers: { 'WWW-Authenticate': 'Bearer' }
      })
    }
  }
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')
