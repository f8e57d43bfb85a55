import { write, writeSync } from 'node:fs'

export interface LineOutputOptions {
  readonly fd: number
  /** Limit of the lines that wait for a stalled reader or a full disk. Further lines are lost. */
  readonly limitBytes: number
  /** Limit of one write. */
  readonly writeBytes: number
  /** Writes in the thread pool: for files, whose writes may be slow but end. Otherwise `fd` must be non-blocking. */
  readonly background: boolean
  /** Called when writing fails or lines begin to be lost: once for each reason until writing works again. */
  onFailure(reason: string): void
  /** Called when writing works again. `lost` is the number of lines lost meanwhile. */
  onRecovery(lost: number): void
  /** Called by {@link LineOutput.close} if lines could not be written in time. */
  onAbandoned(reason: string, lost: number): void
}

/** Back-off for a stalled reader, from the first pause to the longest; the last is for a failing disk. */
const FIRST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 100
const FAILED_PAUSE_MS = 1000
/** A reader that takes nothing for this long counts as failing. */
const STALLED_MS = 1000
/** Pause between attempts while the process exits. */
const LAST_PAUSE_MS = 5

const TOO_SLOW = 'its reader is too slow'
const LINE_BREAK = 10

/**
 * Writes lines to a file descriptor that may be slow, full or closed. Never throws and never blocks: lines that cannot be
 * written are queued up to a limit and retried.
 */
export class LineOutput {
  readonly #options: LineOutputOptions
  readonly #waiting: Buffer[] = []
  #waitingBytes = 0
  /** A write is in the thread pool. */
  #inBackground = false
  #retry: NodeJS.Timeout | undefined
  #pauseMs = FIRST_PAUSE_MS
  #stalledSinceMs = Infinity
  #failure = ''
  /** The last reason reported; empty once lines are written again. */
  #reported = ''
  #lost = 0
  #lostBefore = 0
  #closed = false

  constructor(options: LineOutputOptions) {
    this.#options = options
  }

  /** Number of lines dropped. */
  get lost(): number {
    return this.#lost
  }

  /** Whether writing fails now. */
  get failing(): boolean {
    return this.#failure !== '' || performance.now() - this.#stalledSinceMs > STALLED_MS
  }

  /** Writes whole lines, or queues them. */
  write(lines: string): void {
    if (this.#keep(Buffer.from(lines))) this.#pump()
  }

  /** Like {@link write}, but the lines are written when this returns, unless the output fails. */
  writeNow(lines: string): void {
    if (!this.#options.background || this.#failure !== '') {
      this.write(lines)
      return
    }
    const bytes = Buffer.from(lines)
    try {
      const written = writeSync(this.#options.fd, bytes)
      if (written < bytes.length) this.#keep(bytes.subarray(written))
    } catch (error) {
      this.#keep(bytes)
      this.#failed(error)
    }
  }

  /** Writes the queue before the process exits. Blocks for `timeoutMs` at most, and gives up at the first error. */
  close(timeoutMs: number): void {
    this.#closed = true
    clearTimeout(this.#retry)
    // The thread pool finishes that write before the process exits.
    if (this.#inBackground) this.#take(this.#next().length)
    const endMs = performance.now() + timeoutMs
    while (this.#waiting.length > 0) {
      try {
        this.#written(writeSync(this.#options.fd, this.#next()))
      } catch (error) {
        if (!isBusy(error) || performance.now() > endMs) {
          this.#abandon(isBusy(error) ? TOO_SLOW : textOf(error))
          return
        }
        pause(LAST_PAUSE_MS)
      }
    }
  }

  #keep(bytes: Buffer): boolean {
    if (this.#waitingBytes + bytes.length > this.#options.limitBytes) {
      this.#lost += linesIn(bytes)
      this.#report(this.#failure === '' ? TOO_SLOW : this.#failure)
      return false
    }
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    return true
  }

  #pump(): void {
    // Retry a slow reader with each write: with the timer alone it would get its lines too slowly.
    if (this.#inBackground || this.#closed || (this.#retry !== undefined && this.#failure !== '')) return
    if (this.#options.background) {
      this.#writeInBackground()
      return
    }
    while (this.#waiting.length > 0) {
      try {
        this.#written(writeSync(this.#options.fd, this.#next()))
      } catch (error) {
        this.#failed(error)
        return
      }
    }
  }

  #writeInBackground(): void {
    if (this.#waiting.length === 0) return
    this.#inBackground = true
    write(this.#options.fd, this.#next(), (error, written) => {
      this.#inBackground = false
      if (this.#closed) return
      if (error !== null) this.#failed(error)
      else this.#written(written)
      this.#pump()
    })
  }

  #next(): Buffer {
    return this.#waiting[0].subarray(0, this.#options.writeBytes)
  }

  /** Removes bytes from the front of the queue. */
  #take(bytes: number): void {
    const [first] = this.#waiting
    if (bytes < first.length) this.#waiting[0] = first.subarray(bytes)
    else this.#waiting.shift()
    this.#waitingBytes -= bytes
  }

  #written(bytes: number): void {
    this.#take(bytes)
    this.#pauseMs = FIRST_PAUSE_MS
    this.#stalledSinceMs = Infinity
    this.#failure = ''
    if (this.#reported === '' || this.#waitingBytes > 0) return
    this.#reported = ''
    this.#options.onRecovery(this.#lost - this.#lostBefore)
    this.#lostBefore = this.#lost
  }

  #failed(error: unknown): void {
    let pauseMs = FAILED_PAUSE_MS
    if (isBusy(error)) {
      this.#stalledSinceMs = Math.min(this.#stalledSinceMs, performance.now())
      pauseMs = this.#pauseMs
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
    } else {
      this.#failure = textOf(error)
      this.#report(this.#failure)
    }
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined
      this.#pump()
    }, pauseMs).unref()
  }

  #report(reason: string): void {
    if (this.#reported === reason) return
    this.#reported = reason
    this.#options.onFailure(reason)
  }

  #abandon(reason: string): void {
    for (const bytes of this.#waiting.splice(0)) this.#lost += linesIn(bytes)
    this.#waitingBytes = 0
    this.#options.onAbandoned(reason, this.#lost - this.#lostBefore)
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EBUSY')
}

/** Returns the system's text, such as `ENOSPC: no space left on device`. */
function textOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, write$/, '') : String(error)
}

function linesIn(bytes: Buffer): number {
  let lines = 0
  for (let at = bytes.indexOf(LINE_BREAK); at >= 0; at = bytes.indexOf(LINE_BREAK, at + 1)) lines++
  return lines
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
