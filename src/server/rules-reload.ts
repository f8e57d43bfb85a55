import { readFileSync } from 'node:fs'
import type { ReloadedConfig } from '../config/reload.ts'
import type { Config } from '../config/schema.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/meter.ts'
import { FolderWatch } from './folder-watch.ts'

export interface RulesSource {
  /** The configuration file; undefined where all comes from the environment, which does not change. */
  readonly file: string | undefined
  /** Reads the configuration again. Throws if it is invalid, or must not take effect while the gateway runs. */
  load(running: Config): ReloadedConfig
}

/** Editors write a file in several steps. */
const SETTLE_MS = 500
/** Where watching is not to be had. */
const POLL_MS = 30_000

/**
 * Reads groups and rules again while the gateway runs: when the file changes, and when asked to (SIGHUP). If the file is
 * refused, those in force stay so, with an error in the log. What else changed in the file is named in a warning.
 */
export class RulesReload {
  readonly #source: RulesSource
  readonly #replace: (config: Config) => void
  readonly #log: Log
  readonly #meter: Pick<Meter, 'rulesReloaded'>
  readonly #watch: FolderWatch | undefined
  #running: Config
  #seen: string
  /** What the file held at the last look, until it is taken. */
  #candidate: string | undefined
  /** Someone asked, so that the file is taken although it has not changed. */
  #asked = false

  /** Calls `replace` with the running configuration, its groups and rules replaced. */
  constructor(
    source: RulesSource,
    running: Config,
    replace: (config: Config) => void,
    log: Log,
    meter: Pick<Meter, 'rulesReloaded'>
  ) {
    this.#source = source
    this.#running = running
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

  /** Reads the file again as soon as two looks find the same: it may be half written when the signal comes. */
  reload(): void {
    this.#asked = true
    this.#candidate = this.#content()
    if (this.#watch === undefined) this.#take()
    else this.#watch.lookSoon()
  }

  close(): void {
    this.#watch?.close()
  }

  #look(): void {
    const content = this.#content()
    if (content === this.#seen && !this.#asked) return
    if (content === this.#candidate) {
      this.#seen = content
      this.#take()
      return
    }
    this.#candidate = content
    this.#watch?.lookSoon()
  }

  #take(): void {
    this.#asked = false
    this.#candidate = undefined
    try {
      const { config, waiting } = this.#source.load(this.#running)
      this.#running = config
      this.#replace(config)
      this.#meter.rulesReloaded(true)
      const { rules, permittedGroups, oidc } = config.auth
      const groups = [permittedGroups, ...oidc.map(provider => provider.permittedGroups ?? [])].flat()
      this.#log.info({ rules: rules.length, groups: groups.length }, 'Groups and rules were replaced')
      if (waiting.length > 0)
        this.#log.warn({ file: this.#source.file, waiting }, 'PART OF THE NEW CONFIGURATION WAITS FOR A RESTART')
    } catch (error) {
      this.#meter.rulesReloaded(false)
      const reason = error instanceof Error ? error.message : String(error)
      this.#log.error(
        { file: this.#source.file, reason },
        'THE NEW CONFIGURATION IS NOT USED: the old groups and rules stay in force'
      )
    }
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
