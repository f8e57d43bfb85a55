import { readFileSync } from 'node:fs'
import type { ReloadedConfig } from '../config/reload.ts'
import type { Config } from '../config/schema.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/meter.ts'
import { FolderWatch } from './folder-watch.ts'

export interface RulesSource {
  /** The configuration file; undefined if everything comes from the environment, which does not change. */
  readonly file: string | undefined
  /** Reads the configuration again. Throws a ConfigError if it is invalid, or must not take effect without a restart. */
  load(running: Config): ReloadedConfig
}

/** Delay before a changed file is read: editors write in several steps. */
const SETTLE_MS = 500
/** Interval for file systems that cannot be watched. */
const POLL_MS = 30_000

/**
 * Reads groups and rules again when the file changes and on SIGHUP. If the file is refused, the old ones stay in force and
 * the log says why. A warning names the other changes, which wait for a restart.
 */
export class RulesReload {
  readonly #source: RulesSource
  readonly #replace: (config: Config) => void
  readonly #log: Log
  readonly #meter: Pick<Meter, 'rulesReloaded'>
  readonly #watch: FolderWatch | undefined
  #running: Config
  #seen: string
  /** The content of the file at the last look, until it is applied. */
  #candidate: string | undefined
  /** Set by {@link reload}: applies the file even if it has not changed. */
  #asked = false

  /** Calls `replace` with the running configuration and the new groups and rules. */
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

  /** Applies the file once two looks find the same content: it may be half written when the signal comes. */
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

  /** Returns an empty text while the file cannot be read. */
  #content(): string {
    try {
      return this.#source.file === undefined ? '' : readFileSync(this.#source.file, 'utf8')
    } catch {
      return ''
    }
  }
}
