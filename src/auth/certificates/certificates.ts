import { GatewayError } from '../../core/errors.ts'
import type { Caller } from '../caller.ts'
import { invalidCredentials, type Credentials, type Scheme } from '../credentials.ts'
import type { CertificateReader } from './client-certificate.ts'

/** Client certificates, which TLS has verified. They name a caller only if the request carries no other credential. */
export class Certificates implements Scheme {
  readonly name = 'certificate'
  readonly text = 'a client certificate'
  readonly #reader: CertificateReader
  readonly #isRequired: boolean
  readonly #now: () => number

  /** @param isRequired whether every request needs one, whatever else it carries; `now` in milliseconds since 1970 */
  constructor(reader: CertificateReader, isRequired: boolean, now: () => number) {
    this.#reader = reader
    this.#isRequired = isRequired
    this.#now = now
  }

  /** Returns whether a request may be judged by its other credential. */
  allowsOthers(credentials: Credentials): boolean {
    return !this.#isRequired || this.#problemOf(credentials) === undefined
  }

  /** Throws CERTIFICATE_NEEDED if every request needs a certificate, and this one has none that counts. */
  demand(credentials: Credentials): void {
    const problem = this.#isRequired ? this.#problemOf(credentials) : undefined
    if (problem === undefined) return
    throw new GatewayError('CERTIFICATE_NEEDED', 'A client certificate that is valid here is needed.', {
      detail: problem
    })
  }

  /** A credential beside the certificate names the caller, even if it is refused. */
  isAlone({ connection, headers }: Credentials): boolean {
    return (
      connection?.certificate !== undefined && headers.authorization === undefined && headers['x-api-key'] === undefined
    )
  }

  judge(credentials: Credentials): Caller | undefined {
    if (!this.isAlone(credentials)) return undefined
    const problem = this.#problemOf(credentials)
    if (problem !== undefined) throw invalidCredentials(problem)
    return credentials.connection?.certificate?.caller
  }

  #problemOf({ connection }: Credentials): string | undefined {
    const certificate = connection?.certificate
    if (certificate === undefined) return 'no client certificate'
    const { subject, problem, notAfterMs } = certificate
    const about = `certificate of ${subject}`
    if (problem !== undefined) return `${about}: ${problem}`
    if (this.#now() > notAfterMs) return `${about}: expired`
    return this.#reader.isCurrent(certificate) ? undefined : `${about}: judged by authorities that were replaced`
  }
}
