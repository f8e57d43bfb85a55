import { HEAD_END, type PlainHead, readPlainHead, readRequestLine } from './plain-head.ts'

const LENGTH_FIELD = /\r\ncontent-length:[ \t]*/i
const MOST_DIGITS = 9
const ZERO = 0x30
const LINE_FEED = 0x0a
const LINE_BREAK_BYTES = 2
/** After so many differing heads, stop remembering them: the client probably sends a new value with each request. */
const MOST_MISSES = 8

/** The last head, with its bytes. */
interface Remembered {
  readonly head: PlainHead
  /** Request line, with its line break. */
  readonly line: Buffer
  /** Header fields, from after the request line to the empty line. */
  readonly fields: Buffer
  /** Position of the digits of Content-Length among the fields; their end if there are none. */
  readonly lengthStart: number
  readonly lengthEnd: number
}

/** The parts of a head that come from the request line. */
type Target = Pick<PlainHead, 'method' | 'url'>

/**
 * Reads the heads of one connection. Most clients repeat their header fields byte for byte, except Content-Length. A comparison
 * then replaces the parsing, and the strings are those of the last request, with their hashes computed.
 */
export class HeadMemory {
  #last: Remembered | undefined
  #misses = 0

  /** Reads a head as {@link readPlainHead} does. The result is valid until the next call. */
  read(bytes: Buffer, limitBytes: number): PlainHead | 'unfinished' | 'other' {
    const recalled = this.#last === undefined ? undefined : recall(this.#last, bytes, limitBytes)
    if (recalled !== undefined) return recalled
    const head = readPlainHead(bytes, limitBytes)
    if (typeof head !== 'string') this.#last = this.#misses++ < MOST_MISSES ? remember(head, bytes) : undefined
    return head
  }

  /** Forgets the last head, and the token in it. */
  forget(): void {
    this.#last = undefined
    this.#misses = 0
  }
}

function remember(head: PlainHead, bytes: Buffer): Remembered {
  // Copy the head: the chunk holds the body too, and would stay in memory.
  const own = Buffer.from(bytes.subarray(0, head.bodyStart))
  const lineEnd = lineEndOf(own)
  const fields = own.subarray(lineEnd)
  const length = head.headers['content-length']
  // Start at the line break of the request line, which precedes the first field.
  const field = length === undefined ? null : LENGTH_FIELD.exec(own.toString('latin1', lineEnd - LINE_BREAK_BYTES))
  const lengthStart = field === null ? fields.length : field.index + field[0].length - LINE_BREAK_BYTES
  const line = own.subarray(0, lineEnd)
  return { head, line, fields, lengthStart, lengthEnd: lengthStart + (length?.length ?? 0) }
}

function recall(last: Remembered, bytes: Buffer, limitBytes: number): PlainHead | undefined {
  const { head, fields, lengthStart, lengthEnd } = last
  const lineEnd = lineEndOf(bytes)
  const lengthAt = lineEnd + lengthStart
  if (lineEnd === 0 || bytes.length < lengthAt) return undefined
  if (fields.compare(bytes, lineEnd, lengthAt, 0, lengthStart) !== 0) return undefined
  let bodyBytes = 0
  let at = lengthAt
  if (lengthStart < fields.length) {
    for (let digit; at < lengthAt + MOST_DIGITS && (digit = bytes[at] - ZERO) >= 0 && digit <= 9; at++)
      bodyBytes = bodyBytes * 10 + digit
    if (at === lengthAt) return undefined
  }
  const bodyStart = at + fields.length - lengthEnd
  if (bytes.length < bodyStart || bodyStart - HEAD_END.length > limitBytes) return undefined
  if (fields.compare(bytes, at, bodyStart, lengthEnd, fields.length) !== 0) return undefined
  const target = targetOf(last, bytes, lineEnd)
  if (target === undefined) return undefined
  if (lengthStart < fields.length) head.headers['content-length'] = bytes.toString('latin1', lengthAt, at)
  return { method: target.method, url: target.url, headers: head.headers, bodyStart, bodyBytes }
}

/** Returns undefined if the method differs: the same fields may not be plain for it. */
function targetOf({ head, line }: Remembered, bytes: Buffer, lineEnd: number): Target | undefined {
  if (lineEnd === line.length && line.compare(bytes, 0, lineEnd) === 0) return head
  const read = readRequestLine(bytes.toString('latin1', 0, lineEnd))
  return read?.method === head.method ? read : undefined
}

/** Returns the position after the first line; 0 if that is incomplete. */
function lineEndOf(bytes: Buffer): number {
  return bytes.indexOf(LINE_FEED) + 1
}
