import type { Socket } from 'node:net'

export interface TakingLimits {
  /** Period over which the mean rate of a client is measured. */
  readonly writeTimeoutMs: number
  readonly leastWriteBytesPerSecond: number
}

/** Bytes that the kernel had taken for a client at a point in time. */
interface Window {
  sinceMs: number
  takenBytes: number
}

/** Parts of a socket that Node does not make public. Under TLS, `_parent` is the socket below. */
interface Internals {
  readonly _handle?: { readonly bytesWritten: number; readonly writeQueueSize: number } | null
  readonly _parent?: Internals | null
}

const MOST_CHECK_MS = 500

/**
 * Closes connections whose clients take their answers too slowly. A socket's own time-out cannot tell: every byte that the
 * client sends or takes restarts it.
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

  /** Stops watching a socket: its answers have been taken, or it is closed. */
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
      // Nothing to take: the answer waits behind one that is not ready yet.
      if (socket.writableLength > 0) {
        if (passedMs < writeTimeoutMs) continue
        if ((taken - window.takenBytes) * 1000 < leastWriteBytesPerSecond * passedMs) socket.destroy()
      }
      window.sinceMs = nowMs
      window.takenBytes = taken
    }
  }
}

/** Returns the bytes that the kernel has taken, including those of an unfinished write. */
function takenBytes(socket: Socket & Internals): number {
  // oxlint-disable-next-line no-underscore-dangle -- Node's names
  const handle = socket._parent?._handle ?? socket._handle
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0
}
