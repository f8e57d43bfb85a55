import type { IncomingHttpHeaders } from 'node:http'

/** Request line and header fields of a plain request ({@link readPlainHead}). */
export interface PlainHead {
  readonly method: string
  readonly url: string
  /** By name in lower case; no field occurs twice. */
  readonly headers: IncomingHttpHeaders
  /** Position of the body. */
  readonly bodyStart: number
  readonly bodyBytes: number
}

/** The bytes that end a head. */
export const HEAD_END = Buffer.from('\r\n\r\n')
const REQUEST_LINE = /^(GET|POST) (\/[!"$-~]*) HTTP\/1\.1\r\n/
const FIRST_LETTERS = Buffer.from('GP')
/**
 * A value begins with a visible character, so that no byte can match two parts of the pattern: that would make its time
 * quadratic.
 */
const FIELD = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[!-~][\t -~]*)?)\r\n/y
const LENGTH = /^[0-9]{1,9}$/
/** Media types of streams. */
const STREAMING = /event-stream|ndjson|jsonl/i
/** Fields that change how the message or the connection must be understood. */
const MEANING_MORE = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'trailer',
  'proxy-connection'
])

/**
 * Reads the head of a request if it is plain: GET without a body, or POST with a declared length, to a path, with fields in
 * visible ASCII, no field twice, none that changes how the message or the connection must be understood, and none that asks for
 * a stream. Anything else is `other`, and left to a parser that knows all of RFC 9112.
 *
 * @param bytes the request from its first byte, at least one; anything may follow it
 * @returns `unfinished` if the head is incomplete and may still become plain
 */
export function readPlainHead(bytes: Buffer, limitBytes: number): PlainHead | 'unfinished' | 'other' {
  const end = bytes.indexOf(HEAD_END)
  if (end > limitBytes || (end < 0 && bytes.length > limitBytes)) return 'other'
  if (end < 0) return FIRST_LETTERS.includes(bytes[0]) ? 'unfinished' : 'other'
  const text = bytes.toString('latin1', 0, end + 2)
  const line = readRequestLine(text)
  if (line === undefined) return 'other'
  const { method, url } = line
  const headers = readFields(text, line.length)
  if (headers === undefined) return 'other'
  const { host, connection, accept, 'content-length': length, 'content-type': type } = headers
  if (host === undefined || (connection !== undefined && connection.toLowerCase() !== 'keep-alive')) return 'other'
  if ((accept !== undefined && STREAMING.test(accept)) || (type !== undefined && STREAMING.test(type))) return 'other'
  if (method === 'GET' ? length !== undefined : length === undefined || !LENGTH.test(length)) return 'other'
  return { method, url, headers, bodyStart: end + HEAD_END.length, bodyBytes: Number(length ?? 0) }
}

export interface RequestLine {
  readonly method: string
  readonly url: string
  /** Includes the line break. */
  readonly length: number
}

/** Returns the request line at the beginning of a text; undefined if it is not plain. */
export function readRequestLine(text: string): RequestLine | undefined {
  const line = REQUEST_LINE.exec(text)
  return line === null ? undefined : { method: line[1], url: line[2], length: line[0].length }
}

function readFields(text: string, start: number): IncomingHttpHeaders | undefined {
  // No prototype, because a field may have any name.
  const headers: Record<string, string> = Object.create(null)
  for (let at = start; at < text.length; at = FIELD.lastIndex) {
    FIELD.lastIndex = at
    const field = FIELD.exec(text)
    if (field === null) return undefined
    const name = field[1].toLowerCase()
    if (headers[name] !== undefined || MEANING_MORE.has(name)) return undefined
    headers[name] = field[2].trimEnd()
  }
  return headers
}
