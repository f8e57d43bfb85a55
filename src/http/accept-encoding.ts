import Negotiator from 'negotiator'
import { remembered } from './remembered.ts'

/** No client has so much to say: a longer field is not read, and the plain body is sent. */
const LIMIT_CHARACTERS = 1024
const GZIP = ['gzip']
const GZIP_OR_PLAIN = ['gzip', 'identity']

/** The library's own types leave its second parameter out. */
interface CodingChoice {
  encoding(offers: readonly string[], options: { readonly preferred: readonly string[] }): string | undefined
}

/** Returns whether the client prefers gzip to the plain body, or takes it as gladly (RFC 9110 §12.5.3). */
export function acceptsGzip(header: string | undefined): boolean {
  return header !== undefined && header.length <= LIMIT_CHARACTERS && prefersGzip(header)
}

const prefersGzip = remembered((header: string): boolean => {
  // RFC 9110 §8.4.1.3: `x-gzip` is the same.
  const choice: CodingChoice = new Negotiator({ headers: { 'accept-encoding': header.replaceAll(/x-gzip/gi, 'gzip') } })
  // A star that weighs more than gzip stands for other codings, not for the plain body.
  const offers = /identity/i.test(header) ? GZIP_OR_PLAIN : GZIP
  return choice.encoding(offers, { preferred: GZIP }) === 'gzip'
})
