import { type PlainHead, readPlainHead } from './plain-head.ts'

const LENGTH_FIELD = /\r\ncontent-length:[ \t]*/i
const MOST_DIGITS = 9
const ZERO = 0x30
/** A client whose heads differ so often writes something new into each: to remember them would be in vain. */
const MOST_MISSES = 8

/** A head as it was sent. */
interface Remembered {
  readonly head: PlainHead
  /** From the request line to the empty line. */
  readonly bytes: Buffer
  /** Where the digits of the body's length are; the end of all where it has none. */
  readonly lengthStart: number
  readonly lengthEnd: number
}

/**
 * Reads the heads of one connection. Most clients repeat theirs to the byte, but for the length of the body: then two
 * comparisons stand for the parsing, and the texts are the same as last time, with their hashes.
 */
export class HeadMemory {
  #last: Remembered | undefined
  #misses = 0

  /** As {@link readPlainHead} does. A head is good until the next one is read. */
  read(bytes: Buffer, limitBytes: number): PlainHead | 'unfinished' | 'other' {
    const recalled = this.#last === undefined ? undefined : recall(this.#last, bytes)
    if (recalled !== undefined) return recalled
    const head = readPlainHead(bytes, limitBytes)
    if (typeof head !== 'string') this.#last = this.#misses++ < MOST_MISSES ? remember(head, bytes) : undefined
    return head
  }

  /** Nobody's token is kept for a connection that is not used. */
  forget(): void {
    this.#last = undefined
    this.#misses = 0
  }
}

function remember(head: PlainHead, bytes: Buffer): Remembered {
  // A copy, as the piece that was read holds the body too.
  const own = Buffer.from(bytes.subarray(0, head.bodyStart))
  const length = head.headers['content-length']
  const field = length === undefined ? null : LENGTH_FIELD.exec(own.toString('latin1'))
  const lengthStart = field === null ? own.length : field.index + field[0].length
  return { head, bytes: own, lengthStart, lengthEnd: lengthStart + (length?.length ?? 0) }
}

function recall({ head, bytes: known, lengthStart, lengthEnd }: Remembered, bytes: Buffer): PlainHead | undefined {
  if (bytes.length < lengthStart || known.compare(bytes, 0, lengthStart, 0, lengthStart) !== 0) return undefined
  if (lengthStart === known.length) return head
  let bodyBytes = 0
  let at = lengthStart
  for (let digit; at < lengthStart + MOST_DIGITS && (digit = bytes[at] - ZERO) >= 0 && digit <= 9; at++)
    bodyBytes = bodyBytes * 10 + digit
  const bodyStart = at + known.length - lengthEnd
  if (at === lengthStart || bytes.length < bodyStart) return undefined
  if (known.compare(bytes, at, bodyStart, lengthEnd, known.length) !== 0) return undefined
  head.headers['content-length'] = bytes.toString('latin1', lengthStart, at)
  return { ...head, bodyStart, bodyBytes }
}
