import { X509Certificate } from 'node:crypto'
import { Certificate, CertificateChainValidationEngine, type CertificateRevocationList, ExtKeyUsage } from 'pkijs'
import { certificatesIn, derOf } from '../../core/lib/pem.ts'
import { parsedLists } from './revocation-lists.ts'

/** Whose certificates are trusted, and which of them are revoked: PEM. */
export interface TrustFiles {
  readonly ca: Buffer
  readonly crl?: Buffer | undefined
}

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
    const ders = certificatesIn(ca).map(derOf)
    this.#anchors = ders.filter(isAnchor).map(parse)
    this.#others = ders.filter(der => !isAnchor(der)).map(parse)
    this.#lists = crl === undefined ? [] : parsedLists(crl)
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

function isForClients({ extensions = [] }: Certificate): boolean {
  const extension = extensions.find(({ extnID }) => extnID === EXTENDED_KEY_USAGE)
  if (extension === undefined) return true
  const usage: unknown = extension.parsedValue
  if (!(usage instanceof ExtKeyUsage)) return false
  return usage.keyPurposes.some(purpose => purpose === CLIENT_AUTH || purpose === ANY_USAGE)
}
