import { hash, X509Certificate } from 'node:crypto'
import type { BlockList } from 'node:net'
import type { CertificatesConfig } from '../../config/callers-schema.ts'
import { isWithin, networksOf } from '../../core/lib/networks.ts'
import type { Recent } from '../../core/lib/recent.ts'
import { invalidCredentials, type Credentials } from '../credentials.ts'
import { remember, remembering } from '../remembering.ts'
import type { CertificateReader, ClientCertificate } from './client-certificate.ts'
import type { PathValidation } from './path-validation.ts'

const LIMIT_CHARACTERS = 16_384
const REMEMBERED_LIMIT = 10_000
const REMEMBERED_MS = 300_000
const LOOPBACK = networksOf(['127.0.0.0/8', '::1'])
/** RFC 9440 §2.1, a Byte Sequence of RFC 8941 §3.3.5. */
const BYTE_SEQUENCE = /^:((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?):$/
const PEM = /^-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/

export interface Clocks {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds of a monotonic clock. */
  readonly steadyNow: () => number
}

/**
 * Certificates that a proxy has verified and passes on in a header field, because TLS ends there. Believed of proxies only
 * that are known by their network, and beyond this machine by their own certificate; judged again here.
 * @see https://www.rfc-editor.org/rfc/rfc9440
 */
export class ForwardedCertificates {
  readonly #config: CertificatesConfig
  readonly #field: string
  readonly #networks: BlockList
  readonly #proxies: ReadonlySet<string>
  readonly #reader: CertificateReader
  readonly #now: () => number
  readonly #verdicts: Recent<string, ClientCertificate>
  #validation: PathValidation

  constructor(config: CertificatesConfig, reader: CertificateReader, validation: PathValidation, clocks: Clocks) {
    this.#config = config
    this.#field = config.headerName.toLowerCase()
    this.#networks = networksOf(config.headerFrom)
    this.#proxies = new Set(config.headerProxies)
    this.#reader = reader
    this.#validation = validation
    this.#now = clocks.now
    this.#verdicts = remembering(REMEMBERED_LIMIT, clocks.steadyNow)
  }

  /** Judges by other authorities and revocations from now on. */
  renew(validation: PathValidation): void {
    this.#validation = validation
    this.#verdicts.clear()
  }

  /** Returns whether a request comes from such a proxy. Its own certificate is never a caller. */
  isFromProxy({ connection }: Credentials): boolean {
    if (connection === undefined || !isWithin(this.#networks, connection.address)) return false
    if (isWithin(LOOPBACK, connection.address)) return true
    const { certificate } = connection
    if (certificate === undefined || certificate.problem !== undefined) return false
    return this.#reader.isCurrent(certificate) && this.#proxies.has(certificate.subject)
  }

  /**
   * Returns the certificate that the request of a proxy passes on; undefined if it has none. Rejects with INVALID_CREDENTIALS
   * for a field that is not exactly one certificate.
   */
  async read({ headers }: Credentials): Promise<ClientCertificate | undefined> {
    const { [this.#field]: field, [this.#field.replaceAll('-', '_')]: alias } = headers
    // A proxy in between may have taken the two names for one.
    if (alias !== undefined && this.#field.includes('-'))
      throw invalidCredentials('a field with underscores in its name')
    if (field === undefined || field === '') return undefined
    const text = String(field)
    const key = hash('sha256', text, 'base64')
    const known = this.#verdicts.get(key)
    if (known !== undefined && this.#reader.isCurrent(known)) return known
    const certificate = this.#parse(text)
    const validation = this.#validation
    const distrust = await validation
      .distrust(certificate.raw, new Date(this.#now()))
      .catch((error: unknown) => String(error))
    const verdict = this.#reader.read(certificate, distrust)
    if (validation === this.#validation)
      remember(this.#verdicts, key, verdict, Math.min(REMEMBERED_MS, verdict.notAfterMs - this.#now()))
    return verdict
  }

  #parse(text: string): X509Certificate {
    try {
      const certificate = text.length <= LIMIT_CHARACTERS ? this.#bytesIn(text) : undefined
      if (certificate !== undefined) return new X509Certificate(certificate)
    } catch {
      // Neither an escape nor a certificate: refused below.
    }
    throw invalidCredentials(`${this.#config.headerName} is not exactly one certificate`)
  }

  #bytesIn(text: string): Buffer | string | undefined {
    if (this.#config.header === 'rfc9440') {
      const bytes = BYTE_SEQUENCE.exec(text)
      return bytes === null ? undefined : Buffer.from(bytes[1], 'base64')
    }
    const pem = decodeURIComponent(text)
    return PEM.test(pem) ? pem : undefined
  }
}
