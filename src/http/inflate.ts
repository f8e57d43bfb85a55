import { createGunzip, type Gunzip } from 'node:zlib'
import { GatewayError } from '../core/errors.ts'
import type { BodyBuffer } from './body-buffer.ts'

/** Largest output of one step, after which the size is checked. */
const STEP_BYTES = 64 * 1024

export interface InflateHooks {
  /** Called with the size so far, before the step's output is kept. An error thrown here ends the inflating. */
  onGrowth(inflatedBytes: number): void
  onDone(bytes: Buffer): void
  onFailure(error: unknown): void
  /** Called when the decoder is behind: write no more until `onDrained`. */
  onFull(): void
  onDrained(): void
}

/** Inflates a gzip stream step by step into one buffer, so that at most one step exceeds what `onGrowth` allows. */
export class Inflater {
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: STEP_BYTES })
  readonly #hooks: InflateHooks
  #writtenBytes = 0
  #inflatedBytes = 0

  constructor(buffer: BodyBuffer, hooks: InflateHooks) {
    this.#hooks = hooks
    this.#gunzip.on('data', (chunk: Buffer) => {
      this.#inflatedBytes += chunk.length
      try {
        hooks.onGrowth(this.#inflatedBytes)
        buffer.append(chunk)
      } catch (error) {
        this.#fail(error)
      }
    })
    this.#gunzip.on('drain', () => hooks.onDrained())
    this.#gunzip.once('end', () => {
      // Node's decoder ignores bytes after the end of a gzip stream that begin no other.
      if (this.#gunzip.bytesWritten === this.#writtenBytes) hooks.onDone(buffer.take())
      else this.#fail(malformed())
    })
    this.#gunzip.on('error', error => hooks.onFailure(isOfZlib(error) ? malformed(error) : error))
  }

  write(chunk: Buffer): void {
    this.#writtenBytes += chunk.length
    if (!this.#gunzip.write(chunk)) this.#hooks.onFull()
  }

  end(): void {
    this.#gunzip.end()
  }

  stop(): void {
    this.#gunzip.destroy()
  }

  #fail(error: unknown): void {
    this.stop()
    this.#hooks.onFailure(error)
  }
}

function isOfZlib(error: NodeJS.ErrnoException): boolean {
  return error.code?.startsWith('Z_') === true
}

function malformed(cause?: Error): GatewayError {
  const message = 'The body is declared as gzip, but is not, or breaks off.'
  return new GatewayError('MALFORMED_GZIP', message, cause === undefined ? {} : { cause })
}
