import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { CertificateExpiry } from '../telemetry/readings.ts'

/** Returns when a certificate expires, under the name that the metric shows. */
export function expiryOf(certificate: string, pem: Buffer): CertificateExpiry {
  return { certificate, expirySeconds: new X509Certificate(pem).validToDate.getTime() / 1000 }
}

/** Returns the same for a file that is read at each connection; empty if there is none or it cannot be read now. */
export function expiryOfFile(certificate: string, file: string | undefined): CertificateExpiry[] {
  if (file === undefined) return []
  try {
    return [expiryOf(certificate, readFileSync(file))]
  } catch {
    return []
  }
}

/** Returns when the first revocation list of clients ends; empty if none does. */
export function listsExpiry({ listsEndMs }: { readonly listsEndMs: number }): CertificateExpiry[] {
  return listsEndMs === Infinity ? [] : [{ certificate: 'client_crl', expirySeconds: listsEndMs / 1000 }]
}
