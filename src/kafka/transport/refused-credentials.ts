/**
 * What is refused: the `credentials`; the `mechanism`, which the broker does not offer; or the `broker`, which does not prove
 * that it knows the password.
 */
export type Refused = 'credentials' | 'mechanism' | 'broker'

/** The broker answered that it does not take the credentials, or the broker's own are not trusted. */
export class RefusedCredentials extends Error {
  override readonly name = 'RefusedCredentials'
  readonly refused: Refused

  constructor(message: string, refused: Refused = 'credentials') {
    super(message)
    this.refused = refused
  }
}

/** OpenSSL's reasons why a certificate is not trusted, as Node names them. */
const UNTRUSTED =
  /^(CERT_|CRL_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_|INVALID_CA$|INVALID_PURPOSE$|HOSTNAME_MISMATCH$|ERR_TLS_CERT_ALTNAME_INVALID$)/
/** The broker's reasons, as TLS alerts: it wants a client certificate, or refuses the one that it got. */
const REFUSED_BY_ALERT = /^ERR_SSL_.*ALERT_(.*CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|HANDSHAKE_FAILURE)/

/**
 * Why a failure to connect is a matter of credentials, which trying again soon does not mend. A `password` that is tried
 * again and again may lock an account; a `certificate`, on either side, may not.
 */
export function refusalOf(error: unknown): 'password' | 'certificate' | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof RefusedCredentials) return 'password'
    const code = 'code' in at && typeof at.code === 'string' ? at.code : ''
    if (UNTRUSTED.test(code) || REFUSED_BY_ALERT.test(code)) return 'certificate'
  }
  return null
}
