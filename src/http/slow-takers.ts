import type { Socket } from 'node:net'

export interface TakingLimits {
  /** Over so long, a client must take its answers at the least rate. */
  readonly writeTimeoutMs: number
  readonly leastWriteBytesPerSecond: number
}

/** What the kernel had taken for a client, and when that was. */
interface Window {
  sinceMs: number
  takenBytes: number
}

/** What Node knows of a socket and has no public name for. Under TLS, `_parent` is the socket below. */
interface Internals {
  readonly _handle?: { readonly bytesWritten: number; readonly writeQueueSize: number } | null
  readonly _parent?: Internals | null
}

const MOST_CHECK_MS = 500

/**
 * Closes connections whose clients take their answers too slowly. The timer of a socket cannot tell: it starts anew with
 * every byte that the client sends, and with every single one that it takes.
 */
export class SlowTakers {
  readonly #limits: TakingLimits
  readonly #windows = new Map<Socket, Window>()
  #timer: NodeJS.Timeout | undefined

  constructor(limits: TakingLimits) {
    this.#limits = limits
  }

  /** Watches a socket until {@link release}. */
  watch(socket: Socket): void {
    this.#windows.set(socket, { sinceMs: performance.now(), takenBytes: takenBytes(socket) })
    this.#timer ??= setInterval(() => this.#check(), Math.min(MOST_CHECK_MS, this.#limits.writeTimeoutMs / 2)).unref()
  }

  /** Every answer has been taken, or the socket is closed. */
  release(socket: Socket): void {
    this.#windows.delete(socket)
    if (this.#windows.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #check(): void {
    const { writeTimeoutMs, leastWriteBytesPerSecond } = this.#limits
    const nowMs = performance.now()
    for (const [socket, window] of this.#windows) {
      const taken = takenBytes(socket)
      const passedMs = nowMs - window.sinceMs
      // Nothing to take: the answer that is written waits behind one that is still being made.
      if (socket.writableLength > 0) {
        if (passedMs < writeTimeoutMs) continue
        if ((taken - window.takenBytes) * 1000 < leastWriteBytesPerSecond * passedMs) socket.destroy()
      }
      window.sinceMs = nowMs
      window.takenBytes = taken
    }
  }
}

/** Bytes that the kernel has taken, also of a write that is not done. */
function takenBytes(socket: Socket & Internals): number {
  // oxlint-disable-next-line no-underscore-dangle -- Node's names
  const handle = socket._parent?._handle ?? socket._handle
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0
}
