import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { CertificateExpiry } from '../telemetry/readings.ts'

/** When a certificate ends, under the name that tells it from the gateway's others. */
export function expiryOf(certificate: string, pem: Buffer): CertificateExpiry {
  return { certificate, expirySeconds: new X509Certificate(pem).validToDate.getTime() / 1000 }
}

/** The same for a file that is read at each connection; nothing if there is none, or it cannot be read now. */
export function expiryOfFile(certificate: string, file: string | undefined): CertificateExpiry[] {
  if (file === undefined) return []
  try {
    return [expiryOf(certificate, readFileSync(file))]
  } catch {
    return []
  }
}
