import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Log } from '../core/log.ts'

export interface FolderWatchOptions {
  readonly files: readonly string[]
  /** From a change to the look at it. */
  readonly settleMs: number
  /** How often to look although nothing told of a change. */
  readonly pollMs: number
}

/**
 * Looks again when something changes beside some files. Folders are watched, not files: most writers put another file in place
 * of the old, and Kubernetes swaps a symbolic link beside them.
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

  /** Not put off by what goes on in the folder meanwhile: a log file there may be written all the time. */
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

  /** Where watching is not to be had, such as on some network file systems, looking now and then does. */
  #listenTo(folder: string, log: Log): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.lookSoon())
      watcher.on('error', () => watcher.close())
      this.#watchers.push(watcher)
    } catch (error) {
      log.warn({ folder, err: error }, 'A folder cannot be watched; its files are looked at now and then instead')
    }
  }
}
