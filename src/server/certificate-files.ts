import { X509Certificate } from 'node:crypto'
import type { Log } from '../core/log.ts'
import { FolderWatch } from './folder-watch.ts'
import { assertPair, type CertificatePaths, invalidity, type KeyPair, readPair, settingsIn } from './key-pair.ts'

/** Seams for tests. */
export interface CertificateSeams {
  /** How often the files are looked at although nothing told of a change. */
  readonly pollMs?: number
  /** From a change to the look at it, and from a pair that does not fit to the second look before it is called broken. */
  readonly settleMs?: number
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const POLL_MS = 30_000
const SETTLE_MS = 1000
const DAY_MS = 86_400_000
const WARN_DAYS = 30
const ALARM_DAYS = 7

/**
 * The certificate and key of a listener, as they stand in their files. Another pair is taken only if TLS can use it, and if
 * it is valid now or the one in force is not.
 */
export class CertificateFiles {
  readonly #section: string
  readonly #paths: CertificatePaths
  readonly #log: Log
  readonly #pollMs: number
  readonly #settleMs: number
  readonly #now: () => number
  #pair: KeyPair
  #onPair: ((pair: KeyPair) => void) | undefined
  #watch: FolderWatch | undefined
  #calendar: NodeJS.Timeout | undefined
  /** Contents that were found broken once; said aloud when they still are at the second look. */
  #suspect: KeyPair | undefined
  #complaint = ''

  /** Throws a KeyPairError if the files cannot be read or are no pair. `section` has them in the configuration: `listen.tls`. */
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

  /** The last sound pair. */
  get pair(): KeyPair {
    return this.#pair
  }

  /** Calls with each new sound pair until {@link close}, and warns once a day of an end that comes near. */
  watch(onPair: (pair: KeyPair) => void): void {
    this.#onPair = onPair
    this.#warnOfEnd()
    const { certFile, keyFile } = this.#paths
    const options = { files: [certFile, keyFile], settleMs: this.#settleMs, pollMs: this.#pollMs }
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
    this.#onPair?.(pair)
    this.#pair = pair
    const { subject, serialNumber, validTo } = new X509Certificate(pair.cert)
    const { certFile } = this.#paths
    this.#log.info(
      { certFile, subject, serialNumber, validTo },
      'The certificate was replaced: new connections get the new one'
    )
    this.#warnOfEnd()
  }

  /** Two files are seldom written at one moment: what does not fit is looked at again before it is called broken. */
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
    const { validTo, validToDate } = new X509Certificate(this.#pair.cert)
    const days = Math.floor((validToDate.getTime() - this.#now()) / DAY_MS)
    const fields = { certFile: this.#paths.certFile, validTo, days }
    if (days < 0) this.#log.error(fields, 'THE CERTIFICATE HAS EXPIRED: clients refuse to connect')
    else if (days < ALARM_DAYS) this.#log.error(fields, `The certificate expires within ${ALARM_DAYS} days`)
    else if (days < WARN_DAYS) this.#log.warn(fields, `The certificate expires within ${WARN_DAYS} days`)
  }
}

function isSame(one: KeyPair, other: KeyPair): boolean {
  return one.cert.equals(other.cert) && one.key.equals(other.key)
}
