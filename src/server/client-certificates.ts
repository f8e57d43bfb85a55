import type { CertificateReader } from '../auth/certificates/client-certificate.ts'
import type { ForwardedCertificates } from '../auth/certificates/forwarded-certificates.ts'
import type { Config } from '../config/schema.ts'
import type { KeyPair } from './key-pair.ts'

/** Where certificates are needed, but name nobody. */
const BY_SUBJECT = { name: 'subject', mappingRules: ['DEFAULT'] } as const

export interface ClientCertificates {
  readonly reader: CertificateReader
  /** Every request needs one. */
  readonly areRequired: boolean
  /** Those that proxies pass on. */
  readonly forwarded: ForwardedCertificates | undefined
  /** Judges by the authorities and revocations of other files from now on. Throws an Error if they cannot be used. */
  renew(pair: KeyPair): void
}

/**
 * Loads what is needed to judge certificates of clients; undefined if none count. Rejects with an Error for a mapping rule or
 * an authority that cannot be used.
 */
export async function clientCertificates(
  { listen, auth }: Pick<Config, 'listen' | 'auth'>,
  pair: KeyPair | undefined
): Promise<ClientCertificates | undefined> {
  const { certificates } = auth
  const clientAuth = listen.tls === 'none' ? 'off' : listen.tls.clientAuth
  const header = certificates?.header ?? 'off'
  if (clientAuth === 'off' && header === 'off') return undefined
  const { CertificateReader: Reader } = await import('../auth/certificates/client-certificate.ts')
  const reader = await Reader.load(certificates ?? BY_SUBJECT)
  const areRequired = clientAuth === 'require'
  const ca = pair?.ca
  if (certificates === undefined || header === 'off' || ca === undefined)
    return { reader, areRequired, forwarded: undefined, renew: () => reader.renew() }
  const { PathValidation } = await import('../auth/certificates/path-validation.ts')
  const { ForwardedCertificates: Forwarded } = await import('../auth/certificates/forwarded-certificates.ts')
  const clocks = { now: Date.now, steadyNow: () => performance.now() }
  const forwarded = new Forwarded(certificates, reader, new PathValidation({ ca, crl: pair?.crl }), clocks)
  return {
    reader,
    areRequired,
    forwarded,
    renew(newer) {
      const validation = new PathValidation({ ca: newer.ca ?? ca, crl: newer.crl })
      reader.renew()
      forwarded.renew(validation)
    }
  }
}
