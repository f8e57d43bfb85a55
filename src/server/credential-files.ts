import { readFileSync } from 'node:fs'
import type { Authenticator, CredentialFile } from '../auth/authenticator.ts'
import { unreadable } from '../config/file.ts'
import type { Config } from '../config/schema.ts'
import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/meter.ts'
import { FolderWatch } from './folder-watch.ts'

const SETTLE_MS = 500
const POLL_MS = 30_000

/** Seams for tests. */
export interface CredentialSeams {
  readonly settleMs?: number
  readonly pollMs?: number
}

export interface CredentialFiles {
  /** Reads the files now. */
  look(): void
  close(): void
}

type Target = Pick<Authenticator, 'replaceCredentials'>

/** Reads the files of credentials that are configured, and reads them again when they change. */
export function watchCredentials(
  { auth }: Pick<Config, 'auth'>,
  target: Target,
  log: Log,
  meter: Pick<Meter, 'credentialsRead'>,
  seams: CredentialSeams = {}
): CredentialFiles {
  if (auth.mode === 'none') return { look: () => undefined, close: () => undefined }
  const named: readonly (readonly [CredentialFile, string | undefined])[] = [
    ['api_keys', auth.apiKeys?.file],
    ['users', auth.basic?.file]
  ]
  const files = named.flatMap(([name, path]) =>
    path === undefined ? [] : [new WatchedFile(name, path, target, log, meter, seams)]
  )
  return {
    look() {
      for (const file of files) file.look()
    },
    close() {
      for (const file of files) file.close()
    }
  }
}

/** One file of credentials. While it is unreadable or empty, the entries that it had stay in force. */
class WatchedFile {
  readonly #name: CredentialFile
  readonly #path: string
  readonly #target: Target
  readonly #log: Log
  readonly #meter: Pick<Meter, 'credentialsRead'>
  readonly #failures: RepeatedWarnings
  readonly #watch: FolderWatch
  #seen: string | undefined

  constructor(
    name: CredentialFile,
    path: string,
    target: Target,
    log: Log,
    meter: Pick<Meter, 'credentialsRead'>,
    { settleMs = SETTLE_MS, pollMs = POLL_MS }: CredentialSeams
  ) {
    this.#name = name
    this.#path = path
    this.#target = target
    this.#log = log
    this.#meter = meter
    this.#failures = new RepeatedWarnings(log, undefined, 'error')
    this.look()
    this.#watch = new FolderWatch({ files: [path], settleMs, pollMs }, () => this.look(), log)
  }

  look(): void {
    const text = this.#text()
    if (text instanceof Error) return this.#fail(text.message)
    if (this.#seen !== undefined && this.#seen.trim() !== '' && text.trim() === '')
      return this.#fail('it is empty all of a sudden')
    this.#meter.credentialsRead(this.#name, true)
    this.#failures.over('read', { file: this.#path }, 'The file of credentials is right again')
    if (text === this.#seen) return
    this.#seen = text
    const { count, problems } = this.#target.replaceCredentials(this.#name, text)
    this.#log.info({ file: this.#path, entries: count }, 'The file of credentials was read')
    for (const problem of problems)
      this.#log.error(
        { file: this.#path, problem },
        'AN ENTRY OF THE FILE OF CREDENTIALS IS REFUSED: it lets nobody in'
      )
  }

  close(): void {
    this.#watch.close()
  }

  #fail(reason: string): void {
    this.#meter.credentialsRead(this.#name, false)
    const message =
      'THE FILE OF CREDENTIALS CANNOT BE USED: its old entries stay in force, and nothing revoked in it is'
    this.#failures.warn('read', { file: this.#path, reason }, message)
  }

  #text(): string | Error {
    try {
      return readFileSync(this.#path, 'utf8')
    } catch (error) {
      return new Error(`it cannot be read: ${unreadable(error)}`)
    }
  }
}
