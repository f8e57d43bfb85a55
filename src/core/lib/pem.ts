const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const REVOCATION_LISTS = /-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g
const BORDERS = /-----[^-]+-----/g

/** Returns the certificates of a PEM text, each as PEM. */
export function certificatesIn(pem: Buffer): string[] {
  return pem.toString('latin1').match(CERTIFICATES) ?? []
}

/** Returns the revocation lists of a PEM text, each as PEM. */
export function revocationListsIn(pem: Buffer): string[] {
  return pem.toString('latin1').match(REVOCATION_LISTS) ?? []
}

/** Returns the bytes of one block of PEM. */
export function derOf(block: string): Buffer {
  return Buffer.from(block.replaceAll(BORDERS, ''), 'base64')
}
