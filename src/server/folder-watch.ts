import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Log } from '../core/log.ts'

export interface FolderWatchOptions {
  readonly files: readonly string[]
  /** Delay from a change to the call of `look`. */
  readonly settleMs: number
  /** Interval of the calls without a reported change. */
  readonly pollMs: number
}

/**
 * Calls `look` when something changes in the folders of some files. It watches folders, because most writers replace the
 * file, and Kubernetes swaps a symbolic link beside it.
 */
export class FolderWatch {
  readonly #look: () => void
  readonly #settleMs: number
  readonly #watchers: FSWatcher[] = []
  readonly #poll: NodeJS.Timeout
  #settling: NodeJS.Timeout | undefined

  constructor({ files, settleMs, pollMs }: FolderWatchOptions, look: () => void, log: Log) {
    this.#look = look
    this.#settleMs = settleMs
    this.#poll = setInterval(look, pollMs).unref()
    for (const folder of new Set(files.map(file => dirname(file)))) this.#listenTo(folder, log)
  }

  /** Further changes do not put the call off: a log file in the folder may be written all the time. */
  lookSoon(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined
      this.#look()
    }, this.#settleMs).unref()
  }

  close(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close()
    clearInterval(this.#poll)
    clearTimeout(this.#settling)
  }

  /** If the folder cannot be watched, as on some network file systems, the timer alone calls `look`. */
  #listenTo(folder: string, log: Log): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.lookSoon())
      watcher.on('error', () => watcher.close())
      this.#watchers.push(watcher)
    } catch (error) {
      log.warn({ folder, cause: String(error) }, 'A folder cannot be watched: its files are read every 30 s instead')
    }
  }
}
