import { readFileSync } from 'node:fs'
import type { AccessConfig } from '../auth/policy.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/meter.ts'
import { FolderWatch } from './folder-watch.ts'

export interface RulesSource {
  /** The configuration file; undefined where all comes from the environment, which does not change. */
  readonly file: string | undefined
  /** Judges the whole configuration anew. Throws where it is not sound. */
  load(): AccessConfig
}

/** Editors write a file in several steps. */
const SETTLE_MS = 500
/** Where watching is not to be had. */
const POLL_MS = 30_000

/**
 * Groups and rules, read again while the gateway runs: when the file changes, and when asked to (SIGHUP). What is not
 * sound leaves those in force that are, and says so aloud.
 */
export class RulesReload {
  readonly #source: RulesSource
  readonly #replace: (access: AccessConfig) => void
  readonly #log: Log
  readonly #meter: Pick<Meter, 'rulesReloaded'>
  readonly #watch: FolderWatch | undefined
  #seen: string
  #candidate: string | undefined

  constructor(
    source: RulesSource,
    replace: (access: AccessConfig) => void,
    log: Log,
    meter: Pick<Meter, 'rulesReloaded'>
  ) {
    this.#source = source
    this.#replace = replace
    this.#log = log
    this.#meter = meter
    this.#seen = this.#content()
    if (source.file === undefined) return
    this.#watch = new FolderWatch(
      { files: [source.file], settleMs: SETTLE_MS, pollMs: POLL_MS },
      () => this.#look(),
      log
    )
  }

  reload(): void {
    this.#seen = this.#content()
    try {
      const access = this.#source.load()
      this.#replace(access)
      this.#meter.rulesReloaded(true)
      this.#log.info(
        { rules: access.rules.length, groups: access.permittedGroups.length },
        'Groups and rules were replaced'
      )
    } catch (error) {
      this.#meter.rulesReloaded(false)
      const reason = error instanceof Error ? error.message : String(error)
      this.#log.error(
        { file: this.#source.file, reason },
        'THE NEW CONFIGURATION IS NOT USED: the old groups and rules stay in force'
      )
    }
  }

  close(): void {
    this.#watch?.close()
  }

  /** What is the same at two looks is written to its end. */
  #look(): void {
    const content = this.#content()
    if (content === this.#seen) return
    if (content === this.#candidate) this.reload()
    else this.#watch?.lookSoon()
    this.#candidate = content
  }

  /** Empty while there is no such file. */
  #content(): string {
    try {
      return this.#source.file === undefined ? '' : readFileSync(this.#source.file, 'utf8')
    } catch {
      return ''
    }
  }
}
