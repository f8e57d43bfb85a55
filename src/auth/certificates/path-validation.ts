import { X509Certificate } from 'node:crypto'
import { Certificate, CertificateChainValidationEngine, CertificateRevocationList, ExtKeyUsage } from 'pkijs'

/** Whose certificates are trusted, and which of them are revoked: PEM. */
export interface TrustFiles {
  readonly ca: Buffer
  readonly crl?: Buffer | undefined
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g
const PEM_LIST = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g
const EXTENDED_KEY_USAGE = '2.5.29.37'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_USAGE = '2.5.29.37.0'

/** Judges certificates that do not come with TLS, by the rules that TLS would judge them by (RFC 5280 §6). */
export class PathValidation {
  /** Anchors are those that vouch for themselves; the others only complete a path, as in OpenSSL. */
  readonly #anchors: Certificate[]
  readonly #others: Certificate[]
  readonly #lists: CertificateRevocationList[]

  /** Throws an Error for what is no certificate or no list. */
  constructor({ ca, crl }: TrustFiles) {
    const ders = blocksIn(ca, PEM_CERTIFICATE)
    this.#anchors = ders.filter(isAnchor).map(parse)
    this.#others = ders.filter(der => !isAnchor(der)).map(parse)
    this.#lists = blocksIn(crl ?? Buffer.alloc(0), PEM_LIST).map(der => CertificateRevocationList.fromBER(der))
  }

  /** Returns why a client's certificate is not trusted at a time; undefined if it is. */
  async distrust(der: Buffer, at: Date): Promise<string | undefined> {
    const certificate = Certificate.fromBER(der)
    if (!isForClients(certificate)) return 'it is not meant for clients'
    const engine = new CertificateChainValidationEngine({
      certs: [...this.#others, certificate],
      trustedCerts: this.#anchors,
      crls: this.#lists,
      checkDate: at
    })
    const { result, resultMessage } = await engine.verify()
    return result ? undefined : resultMessage
  }
}

function isAnchor(der: Buffer): boolean {
  const certificate = new X509Certificate(der)
  return certificate.checkIssued(certificate)
}

const parse = (der: Buffer): Certificate => Certificate.fromBER(der)

function blocksIn(pem: Buffer, pattern: RegExp): Buffer[] {
  return Array.from(pem.toString('latin1').matchAll(pattern), ([, base64]) => Buffer.from(base64, 'base64'))
}

function isForClients({ extensions = [] }: Certificate): boolean {
  const extension = extensions.find(({ extnID }) => extnID === EXTENDED_KEY_USAGE)
  if (extension === undefined) return true
  const usage: unknown = extension.parsedValue
  if (!(usage instanceof ExtKeyUsage)) return false
  return usage.keyPurposes.some(purpose => purpose === CLIENT_AUTH || purpose === ANY_USAGE)
}
