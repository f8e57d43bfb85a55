import type { IncomingMessage } from 'node:http'

/**
 * How long to discard the rest of a body after the answer, in all and without a byte: else the client may be reset before
 * it reads it.
 */
const LINGER_MS = 10_000
const LINGER_IDLE_MS = 2000
/** How many pieces to discard: chunks of one byte each would keep the event loop busy for nothing. */
const LINGER_PIECES = 1024

/** Reads and discards a body. Calls `done` once, at its end or when it takes too long. */
export function discardRest(request: IncomingMessage, done: () => void): void {
  const finish = () => {
    clearTimeout(idle)
    clearTimeout(limit)
    done()
  }
  const idle = setTimeout(finish, LINGER_IDLE_MS).unref()
  const limit = setTimeout(finish, LINGER_MS).unref()
  let pieces = 0
  request.on('data', () => {
    if (++pieces > LINGER_PIECES) request.destroy()
    else idle.refresh()
  })
  request.once('close', finish)
  request.once('end', finish)
  request.resume()
}
