import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { unreadable } from '../config/file.ts'
import { certificatesIn } from '../core/lib/pem.ts'

export interface KeyPair {
  readonly cert: Buffer
  readonly key: Buffer
  /** Whom clients' certificates must come from. */
  readonly ca?: Buffer
  /** Which of those are revoked. */
  readonly crl?: Buffer
}

export interface CertificatePaths {
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile?: string
  readonly clientCrlFile?: string
}

/** A certificate and key that cannot be used. The message quotes nothing from the files: it goes to the log. */
export class KeyPairError extends Error {
  override readonly name = 'KeyPairError'
}

/** The settings that name the files, for messages. */
export type KeyPairSettings = CertificatePaths

/** Returns the files that a section names, without its other settings. */
export const filesOf = ({ certFile, keyFile, clientCaFile, clientCrlFile }: CertificatePaths): CertificatePaths => ({
  certFile,
  keyFile,
  ...(clientCaFile !== undefined && { clientCaFile }),
  ...(clientCrlFile !== undefined && { clientCrlFile })
})

/** Returns the settings of a section that has both under their usual names. */
export const settingsIn = (section: string): Required<KeyPairSettings> => ({
  certFile: `${section}.certFile`,
  keyFile: `${section}.keyFile`,
  clientCaFile: `${section}.clientCaFile`,
  clientCrlFile: `${section}.clientCrlFile`
})

/** Reads the files without checking them. Throws a KeyPairError if one cannot be read. */
export function readPair(paths: CertificatePaths, settings: KeyPairSettings): KeyPair {
  const { certFile, keyFile, clientCaFile, clientCrlFile } = paths
  return {
    cert: readPem(`${settings.certFile}: ${certFile}`, certFile),
    key: readPem(`${settings.keyFile}: ${keyFile}`, keyFile),
    ...(clientCaFile !== undefined && { ca: readPem(`${settings.clientCaFile}: ${clientCaFile}`, clientCaFile) }),
    ...(clientCrlFile !== undefined && { crl: readPem(`${settings.clientCrlFile}: ${clientCrlFile}`, clientCrlFile) })
  }
}

/** Throws a KeyPairError if TLS cannot use them, or the key is not that of the certificate. */
export function assertPair(pair: KeyPair, paths: CertificatePaths, settings: KeyPairSettings): void {
  const { cert, key, ca, crl } = pair
  const certificate = certificateIn(cert, `${settings.certFile}: ${paths.certFile}`)
  const own = privateKeyIn(key, `${settings.keyFile}: ${paths.keyFile}`)
  if (!certificate.checkPrivateKey(own))
    throw new KeyPairError(
      `${settings.keyFile}: ${paths.keyFile} is not the key of the certificate in ${paths.certFile}`
    )
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    throw new KeyPairError(`${settings.certFile}: ${paths.certFile} cannot be used for TLS: ${textOf(error)}`)
  }
  if (ca === undefined) return
  const authorities = certificatesIn(ca)
  for (const block of authorities.length === 0 ? [ca] : authorities)
    certificateIn(Buffer.from(block), `${settings.clientCaFile}: ${paths.clientCaFile}`)
  try {
    createSecureContext(pair)
  } catch (error) {
    const file = crl === undefined ? 'clientCaFile' : 'clientCrlFile'
    throw new KeyPairError(`${settings[file]}: ${paths[file]} cannot be used for TLS: ${textOf(error)}`)
  }
}

/** Returns why a certificate is not valid now; undefined if it is. */
export function invalidity(cert: Buffer, nowMs: number): string | undefined {
  const { validFrom, validFromDate, validTo, validToDate } = new X509Certificate(cert)
  if (validToDate.getTime() < nowMs) return `expired on ${validTo}`
  return validFromDate.getTime() > nowMs ? `is not valid before ${validFrom}` : undefined
}

/** Returns the first certificate of a PEM text. Throws a KeyPairError, whose message starts with `what`, if there is none. */
export function certificateIn(pem: Buffer, what: string): X509Certificate {
  const certificate = parsed(pem)
  if (certificate !== undefined) return certificate
  const found = pem.includes('PRIVATE KEY-----') ? 'holds a private key, not a certificate' : 'holds no PEM certificate'
  throw new KeyPairError(`${what} ${found}`)
}

/** Returns undefined for DER too: X509Certificate takes it, TLS does not. */
function parsed(pem: Buffer): X509Certificate | undefined {
  try {
    return pem.includes('-----BEGIN') ? new X509Certificate(pem) : undefined
  } catch {
    return undefined
  }
}

export function readPem(what: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new KeyPairError(`${what} cannot be read: ${unreadable(error)}`)
  }
}

function privateKeyIn(pem: Buffer, what: string) {
  try {
    return createPrivateKey(pem)
  } catch {
    if (/ENCRYPTED/.test(pem.toString('latin1')))
      throw new KeyPairError(`${what} is encrypted, and there is no setting for its password: store it decrypted`)
    const found = pem.includes('CERTIFICATE-----')
      ? 'holds a certificate, not a private key'
      : 'holds no PEM private key'
    throw new KeyPairError(`${what} ${found}`)
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
