import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import type { Log } from '../core/log.ts'
import type { Meter, TlsFailure } from '../core/meter.ts'

/** Kinds by the error codes of OpenSSL and Node; any other code is `other`. */
const KINDS: Readonly<Record<string, TlsFailure>> = {
  ERR_SSL_HTTP_REQUEST: 'plain_http',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'version',
  ERR_SSL_VERSION_TOO_LOW: 'version',
  ERR_SSL_NO_SHARED_CIPHER: 'cipher',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'timeout',
  ECONNRESET: 'closed'
}
/** Alerts of clients that reject the certificate. */
const UNTRUSTED =
  /^ERR_SSL_(SSLV3|TLSV1|TLSV13)_ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_[A-Z]+|UNSUPPORTED_CERTIFICATE)$/

const MESSAGES: Readonly<Record<TlsFailure, string>> = {
  plain_http: 'A client speaks plain HTTP to the TLS port: its address must begin with https',
  version: 'A client offers no TLS version from 1.2 on',
  cipher: 'A client offers no cipher suite with forward secrecy and authenticated encryption',
  untrusted: 'A client does not trust the certificate: its authority must be known to the client',
  timeout: 'A client did not end the TLS handshake within limits.headersTimeoutMs',
  closed: 'A client left before the end of the TLS handshake',
  other: 'TLS could not be agreed on with a client'
}

/** Counts failed handshakes by kind, and logs one line a minute for each kind. */
export class TlsFailures {
  readonly #warnings: RepeatedWarnings
  readonly #meter: Pick<Meter, 'tlsFailed'>

  constructor(log: Log, meter: Pick<Meter, 'tlsFailed'>) {
    this.#warnings = new RepeatedWarnings(log)
    this.#meter = meter
  }

  add({ code = '' }: NodeJS.ErrnoException, address: string | undefined): void {
    const kind = KINDS[code] ?? (UNTRUSTED.test(code) ? 'untrusted' : 'other')
    this.#meter.tlsFailed(kind)
    // Probes of load balancers connect and leave.
    if (kind === 'closed') return
    this.#warnings.warn(kind, { code, address }, MESSAGES[kind])
  }
}
