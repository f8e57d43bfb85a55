import { X509Certificate } from 'node:crypto'
import type { Log } from '../core/log.ts'
import { FolderWatch } from './folder-watch.ts'
import { assertPair, type CertificatePaths, invalidity, type KeyPair, readPair, settingsIn } from './key-pair.ts'

/** Seams for tests. */
export interface CertificateSeams {
  /** Interval of the timer that reads the files even if no change was reported. */
  readonly pollMs?: number
  /** Delay from a change to reading the files, and from a broken pair to reading it again before an error is logged. */
  readonly settleMs?: number
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** `isNewClient`: other authorities of clients, or other revocations. */
type NewPair = (pair: KeyPair, isNewClient: boolean) => void

const POLL_MS = 30_000
const SETTLE_MS = 1000
const DAY_MS = 86_400_000
const WARN_DAYS = 30
const ALARM_DAYS = 7

/**
 * The certificate and key of a listener, with the authorities and revocation lists of its clients, read again when their files change. A new pair replaces the one in force only if
 * TLS can use it, and if it is valid now or the one in force is not.
 */
export class CertificateFiles {
  readonly #section: string
  readonly #paths: CertificatePaths
  readonly #log: Log
  readonly #pollMs: number
  readonly #settleMs: number
  readonly #now: () => number
  #pair: KeyPair
  #onPair: NewPair | undefined
  #watch: FolderWatch | undefined
  #calendar: NodeJS.Timeout | undefined
  /** A broken pair that was read once; logged if the second look finds the same. */
  #suspect: KeyPair | undefined
  #complaint = ''
  #listsEndMs = Infinity

  /** Throws a KeyPairError if the files cannot be read or do not match. `section` names them in messages: `listen.tls`. */
  constructor(section: string, paths: CertificatePaths, log: Log, seams: CertificateSeams = {}) {
    this.#section = section
    this.#paths = paths
    this.#log = log
    this.#pollMs = seams.pollMs ?? POLL_MS
    this.#settleMs = seams.settleMs ?? SETTLE_MS
    this.#now = seams.now ?? Date.now
    this.#pair = this.#read()
    assertPair(this.#pair, paths, settingsIn(section))
  }

  /** The last valid pair. */
  get pair(): KeyPair {
    return this.#pair
  }

  /** When the first revocation list of clients ends, in milliseconds since 1970; Infinity if none does. */
  get listsEndMs(): number {
    return this.#listsEndMs
  }

  /** Calls `onPair` with each new pair until {@link close}, and warns once a day when the certificate expires soon. */
  watch(onPair: NewPair): void {
    this.#onPair = onPair
    this.#warnOfEnd()
    const options = { files: Object.values(this.#paths), settleMs: this.#settleMs, pollMs: this.#pollMs }
    this.#watch = new FolderWatch(options, () => this.#look(), this.#log)
    this.#calendar = setInterval(() => this.#warnOfEnd(), DAY_MS).unref()
  }

  close(): void {
    this.#onPair = undefined
    this.#watch?.close()
    clearInterval(this.#calendar)
  }

  #look(): void {
    if (this.#onPair === undefined) return
    let pair: KeyPair | undefined
    try {
      pair = this.#read()
      if (!isSame(pair, this.#pair)) this.#take(pair)
      else if (this.#complaint !== '')
        this.#log.info({ ...this.#paths }, 'The certificate files are right again: they hold the pair in force')
      this.#suspect = undefined
      this.#complaint = ''
    } catch (error) {
      this.#complain(error, pair)
    }
  }

  #take(pair: KeyPair): void {
    assertPair(pair, this.#paths, settingsIn(this.#section))
    const objection = invalidity(pair.cert, this.#now())
    if (objection !== undefined && invalidity(this.#pair.cert, this.#now()) === undefined)
      throw new Error(`${this.#section}.certFile: the certificate in ${this.#paths.certFile} ${objection}`)
    const isNewClient = !isSameFile(pair.ca, this.#pair.ca) || !isSameFile(pair.crl, this.#pair.crl)
    const isNewServer = !isSameFile(pair.cert, this.#pair.cert) || !isSameFile(pair.key, this.#pair.key)
    this.#onPair?.(pair, isNewClient)
    this.#pair = pair
    const { clientCaFile, clientCrlFile } = this.#paths
    if (isNewClient)
      this.#log.info(
        { clientCaFile, clientCrlFile },
        'Whose certificates are trusted has changed: clients connect anew'
      )
    if (!isNewServer) return
    const { subject, serialNumber, validTo } = new X509Certificate(pair.cert)
    const { certFile } = this.#paths
    this.#log.info(
      { certFile, subject, serialNumber, validTo },
      'The certificate was replaced: new connections get the new one'
    )
    this.#warnOfEnd()
  }

  /** Logs a broken pair at the second look: two files are seldom written at the same moment. */
  #complain(error: unknown, pair: KeyPair | undefined): void {
    const found = pair ?? { cert: Buffer.alloc(0), key: Buffer.alloc(0) }
    if (this.#suspect === undefined || !isSame(this.#suspect, found)) {
      this.#suspect = found
      this.#complaint = ''
      this.#watch?.lookSoon()
      return
    }
    const reason = error instanceof Error ? error.message : String(error)
    if (reason === this.#complaint) return
    this.#complaint = reason
    this.#log.error({ ...this.#paths, reason }, 'THE NEW CERTIFICATE IS NOT USED: the old one stays in force')
  }

  #read(): KeyPair {
    return readPair(this.#paths, settingsIn(this.#section))
  }

  #warnOfEnd(): void {
    this.#warnOfLists().catch((err: unknown) => {
      this.#log.warn({ err, clientCrlFile: this.#paths.clientCrlFile }, 'When the revocation lists end is not known')
    })
    const { validTo, validToDate } = new X509Certificate(this.#pair.cert)
    const days = Math.floor((validToDate.getTime() - this.#now()) / DAY_MS)
    const fields = { certFile: this.#paths.certFile, validTo, days }
    if (days < 0) this.#log.error(fields, 'THE CERTIFICATE HAS EXPIRED: clients refuse to connect')
    else if (days < ALARM_DAYS) this.#log.error(fields, `The certificate expires within ${ALARM_DAYS} days`)
    else if (days < WARN_DAYS) this.#log.warn(fields, `The certificate expires within ${WARN_DAYS} days`)
  }

  async #warnOfLists(): Promise<void> {
    const { crl } = this.#pair
    if (crl === undefined) return
    const { listsEndMs } = await import('../auth/certificates/revocation-lists.ts')
    const endMs = listsEndMs(crl)
    this.#listsEndMs = endMs
    const leftMs = endMs - this.#now()
    const fields = { clientCrlFile: this.#paths.clientCrlFile }
    if (leftMs < 0)
      this.#log.error(
        fields,
        'A REVOCATION LIST HAS ENDED: certificates of its authority let nobody in until it is renewed'
      )
    else if (leftMs < ALARM_DAYS * DAY_MS)
      this.#log.warn(
        { ...fields, ends: new Date(endMs).toISOString() },
        `A revocation list ends within ${ALARM_DAYS} days`
      )
  }
}

function isSame(one: KeyPair, other: KeyPair): boolean {
  return (['cert', 'key', 'ca', 'crl'] as const).every(part => isSameFile(one[part], other[part]))
}

function isSameFile(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other)
}
