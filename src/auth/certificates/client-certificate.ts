import { hash, type X509Certificate } from 'node:crypto'
import type { CertificatesConfig } from '../../config/callers-schema.ts'
import { type Caller, callerWithoutToken } from '../caller.ts'
import { type AsnType, contentOf, fromBER, identifierIn, octetsIn, partsOf } from './der.ts'
import { distinguishedName } from './distinguished-name.ts'
import { compileMapping, type NameMapping } from './mapping-rules.ts'

/** The issuer of principals that certificates name. */
const ISSUER = 'certificate'

/** A certificate that a client presented, and the verdict on it: taken once, when its connection is ready. */
export interface ClientCertificate {
  /** SHA-256 of the whole, in base64url: what a token may be bound to. */
  readonly thumbprint: string
  /** Its subject, for logs. */
  readonly subject: string
  /** Why it counts as none, for the log: of another authority, revoked, without a name. Undefined if it counts. */
  readonly problem: string | undefined
  /** Milliseconds since 1970. */
  readonly notAfterMs: number
  /** Whom it names; undefined if there is a problem. */
  readonly caller: Caller | undefined
  /** The authorities and revocations that it was judged by ({@link CertificateReader.renew}). */
  readonly epoch: number
}

type NameKind = CertificatesConfig['name']

export interface NamingConfig extends Pick<CertificatesConfig, 'name'> {
  readonly mappingRules: readonly string[]
}

const SUBJECT_ALT_NAME = '2.5.29.17'
const EXTENSIONS = 3
const CONTEXT = 3
/** RFC 5280 §4.2.1.6: the tags of the general names. */
const SAN_TAGS: Readonly<Record<Exclude<NameKind, 'subject'>, number>> = { 'san.email': 1, 'san.dns': 2, 'san.uri': 6 }
/** Visible ASCII. */
const SANE_NAME = /^[!-~]{1,512}$/
const MOST_CHARACTERS = 1024

/** Reads whom a certificate names. */
export class CertificateReader {
  readonly #kind: NameKind
  readonly #mapping: NameMapping
  #epoch = 0

  private constructor(kind: NameKind, mapping: NameMapping) {
    this.#kind = kind
    this.#mapping = mapping
  }

  /** Rejects with an Error that says which mapping rule cannot be used. */
  static async load({ name, mappingRules }: NamingConfig): Promise<CertificateReader> {
    return new CertificateReader(name, await compileMapping(mappingRules))
  }

  /** Verdicts that were taken before do not count any more: the authorities or the revocations are others. */
  renew(): void {
    this.#epoch++
  }

  /** Returns whether a verdict was taken by the authorities and revocations in force. */
  isCurrent({ epoch }: ClientCertificate): boolean {
    return epoch === this.#epoch
  }

  /** Judges a certificate. `distrust` is why TLS does not trust it, if it does not. */
  read(certificate: X509Certificate, distrust: string | undefined): ClientCertificate {
    const thumbprint = hash('sha256', certificate.raw, 'base64url')
    const verdict = { thumbprint, notAfterMs: certificate.validToDate.getTime(), epoch: this.#epoch }
    try {
      const names = this.#namesIn(certificate.raw)
      const { subject } = names
      if (distrust !== undefined) return { ...verdict, subject, problem: distrust, caller: undefined }
      const id = this.#mapping(names.chosen())
      if (id === undefined || id === '') throw new Error('no mapping rule is about its name')
      return { ...verdict, subject, problem: undefined, caller: callerNamed(id) }
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      return { ...verdict, subject: '', problem, caller: undefined }
    }
  }

  /** Reads the subject, and the name that the configuration chooses. Throws an Error for what is malformed. */
  #namesIn(der: Buffer): { readonly subject: string; chosen(): string } {
    const [toBeSigned] = partsOf(fromBER(der).result)
    const members = partsOf(toBeSigned)
    // The version comes first where there is one, in a tag of its own.
    const hasVersion = members[0].idBlock.tagClass === CONTEXT
    const subject = distinguishedName(members[hasVersion ? 5 : 4])
    if (subject.length > MOST_CHARACTERS) throw new Error(`its subject has more than ${MOST_CHARACTERS} characters`)
    return { subject, chosen: () => (this.#kind === 'subject' ? subject : this.#alternativeName(members, this.#kind)) }
  }

  #alternativeName(members: readonly AsnType[], kind: Exclude<NameKind, 'subject'>): string {
    const extensions = members.find(
      ({ idBlock: { tagClass, tagNumber } }) => tagClass === CONTEXT && tagNumber === EXTENSIONS
    )
    const names = (extensions === undefined ? [] : partsOf(partsOf(extensions)[0])).flatMap(extension => {
      const [id, ...rest] = partsOf(extension)
      return identifierIn(id) === SUBJECT_ALT_NAME ? partsOf(fromBER(octetsIn(rest.at(-1))).result) : []
    })
    const wanted = names.filter(({ idBlock }) => idBlock.tagNumber === SAN_TAGS[kind])
    if (wanted.length !== 1) throw new Error(`it has ${wanted.length} names of the kind ${kind}, and must have one`)
    const name = contentOf(wanted[0]).toString('latin1')
    if (!SANE_NAME.test(name)) throw new Error(`its name of the kind ${kind} has characters that it cannot have`)
    return name
  }
}

const callerNamed = (id: string): Caller => callerWithoutToken({ issuer: ISSUER, id, groups: [], roles: [] }, true)
