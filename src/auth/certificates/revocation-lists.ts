import { CertificateRevocationList } from 'pkijs'
import { derOf, revocationListsIn } from '../../core/lib/pem.ts'

/** Parses the revocation lists of a PEM text. */
export const parsedLists = (pem: Buffer): CertificateRevocationList[] =>
  revocationListsIn(pem).map(block => CertificateRevocationList.fromBER(derOf(block)))

/**
 * Returns when the first of the revocation lists in a PEM text ends, in milliseconds since 1970; Infinity if none says. From
 * then on TLS trusts no certificate of its authority.
 */
export function listsEndMs(pem: Buffer): number {
  return Math.min(Infinity, ...parsedLists(pem).map(({ nextUpdate }) => nextUpdate?.value.getTime() ?? Infinity))
}
