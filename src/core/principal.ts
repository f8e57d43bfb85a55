import type { Deadline } from './deadline.ts'

/** Who calls, as the token says. Frozen; shared by all requests that carry the same token. */
export interface Principal {
  /** `oid` for Entra ID, else `sub`: stable, for the log and for permission. */
  readonly id: string
  readonly issuer: string
  /** `appid`/`azp`: the client application, when the token names one. */
  readonly clientId?: string
  /** True for a token got with client credentials (no user behind it). */
  readonly appOnly: boolean
}

/** What every use case is handed besides its own arguments. */
export interface Call {
  readonly principal: Principal
  readonly deadline: Deadline
}

/** The caller where authentication is switched off (`auth.mode: none`). */
export const anonymous: Principal = Object.freeze({ id: 'anonymous', issuer: '', appOnly: false })
