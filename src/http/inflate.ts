import { createGunzip, type Gunzip } from 'node:zlib'
import { GatewayError } from '../core/errors.ts'
import type { BodyBuffer } from './body-buffer.ts'

/** What one step of inflating may yield before it is looked at. */
const STEP_BYTES = 64 * 1024

export interface InflateHooks {
  /** Hears how much is there so far, before it is kept; what it throws ends the inflating. */
  onGrowth(inflatedBytes: number): void
  onDone(bytes: Buffer): void
  onFailure(error: unknown): void
  /** The reader is behind: nothing more is to be written until `onDrained`. */
  onFull(): void
  onDrained(): void
}

/** A gzip stream that is inflated step by step into one buffer: it never holds more than was let pass, and one step. */
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
      // The decoder stops in silence at what follows a gzip stream and is none itself.
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
