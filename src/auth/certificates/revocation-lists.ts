const PEM_LIST = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g

/**
 * Returns when the first of the revocation lists in a PEM text ends, in milliseconds since 1970; Infinity if none says. From
 * then on TLS trusts no certificate of its authority.
 */
export async function listsEndMs(pem: Buffer): Promise<number> {
  const { CertificateRevocationList } = await import('pkijs')
  const ends = Array.from(pem.toString('latin1').matchAll(PEM_LIST), ([, base64]) => {
    const { nextUpdate } = CertificateRevocationList.fromBER(Buffer.from(base64, 'base64'))
    return nextUpdate?.value.getTime() ?? Infinity
  })
  return Math.min(Infinity, ...ends)
}
