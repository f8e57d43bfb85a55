import { HEAD_END, type PlainHead, readPlainHead, readRequestLine } from './plain-head.ts'

const LENGTH_FIELD = /\r\ncontent-length:[ \t]*/i
const MOST_DIGITS = 9
const ZERO = 0x30
const LINE_FEED = 0x0a
const LINE_BREAK_BYTES = 2
/** A client whose fields differ so often writes something new into each: to remember them would be in vain. */
const MOST_MISSES = 8

/** A head as it was sent. */
interface Remembered {
  readonly head: PlainHead
  /** With its line break. */
  readonly line: Buffer
  /** From behind the request line to the empty line. */
  readonly fields: Buffer
  /** Where among the fields the digits of the body's length are; the end of all where there are none. */
  readonly lengthStart: number
  readonly lengthEnd: number
}

/** The part of a head that a request line tells. */
type Target = Pick<PlainHead, 'method' | 'url'>

/**
 * Reads the heads of one connection. Most clients repeat their fields to the byte, but for the length of the body: then a
 * few comparisons stand for the parsing, and the texts are the same as last time, with their hashes.
 */
export class HeadMemory {
  #last: Remembered | undefined
  #misses = 0

  /** As {@link readPlainHead} does. A head is good until the next one is read. */
  read(bytes: Buffer, limitBytes: number): PlainHead | 'unfinished' | 'other' {
    const recalled = this.#last === undefined ? undefined : recall(this.#last, bytes, limitBytes)
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
  const lineEnd = lineEndOf(own)
  const fields = own.subarray(lineEnd)
  const length = head.headers['content-length']
  // The line break before the first field is that of the request line.
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

/** Of another method the same fields would not be plain. */
function targetOf({ head, line }: Remembered, bytes: Buffer, lineEnd: number): Target | undefined {
  if (lineEnd === line.length && line.compare(bytes, 0, lineEnd) === 0) return head
  const read = readRequestLine(bytes.toString('latin1', 0, lineEnd))
  return read?.method === head.method ? read : undefined
}

/** Behind the first line; 0 where that has no end. */
function lineEndOf(bytes: Buffer): number {
  return bytes.indexOf(LINE_FEED) + 1
}
