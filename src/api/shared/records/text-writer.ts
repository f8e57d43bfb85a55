import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../../../core/errors.ts'
import { BufferPool } from '../../../core/lib/buffer-pool.ts'
import { writeBase64 } from './base64-words.ts'
import type { FixedText } from './fixed-text.ts'
import { JsonCursor } from './json-cursor.ts'
import { lowestByte, specialBytes, unusualBits, unusualBytes } from './string-bytes.ts'

const POOL_BYTES = 32 * 1024 * 1024
const pool = new BufferPool(POOL_BYTES)
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Letter of a short escape, by the byte that needs it; 0 if there is none. */
const SHORT_ESCAPES = new Uint8Array(128)
for (const byte of [QUOTE, BACKSLASH, 8, 9, 10, 12, 13]) {
  SHORT_ESCAPES[byte] = JSON.stringify(String.fromCharCode(byte)).charCodeAt(2)
}
/** Stands between the backslash and the last two digits of a long escape. */
const CONTROL = Buffer.from('u00')
const HEX_DIGITS = Buffer.from('0123456789abcdef')

/** `00` to `99`, little-endian. */
const DIGIT_PAIRS = Int16Array.from({ length: 100 }, (_, pair) => 0x3030 + Math.floor(pair / 10) + ((pair % 10) << 8))

const NATIVE_BASE64_BYTES = 128

/** From this size on, Node copies faster than a loop. */
const NATIVE_COPY_BYTES = 256
/** Deepest nesting of JSON that can be shown. The configuration allows no more on the way in. */
const DEPTH_LIMIT = 10_000
/** Length of the longest escape, `\u0000`. */
const ESCAPE_BYTES = 6
/** Longest number as text, with sign and exponent. */
const NUMBER_BYTES = 24
const BILLION = 1_000_000_000
/** The last word of a fixed text may reach so far beyond its end: as much is free behind each text. */
export const OVERSHOOT_BYTES = 7

/** Returns the buffer of {@link TextWriter.finish} to the pool. Call once, when you are done with it. */
export function recycleText(text: Buffer): void {
  pool.give(text)
}

/** Writes text into a growing buffer. Ask for {@link room} once for several fixed texts. */
export class TextWriter {
  #bytes: Buffer
  #view: DataView
  #length: number
  readonly #frontBytes: number
  /** Cursor over the present buffer; made for the first value that {@link json} checks. */
  #cursor: JsonCursor | undefined

  /** @param frontBytes memory to leave free in front of the text, for its sender */
  constructor(capacityBytes: number, frontBytes = 0) {
    this.#bytes = pool.take(frontBytes + capacityBytes + OVERSHOOT_BYTES)
    this.#view = viewOf(this.#bytes)
    this.#length = this.#frontBytes = frontBytes
  }

  /** Makes room for so many bytes. */
  room(bytes: number): void {
    const needed = this.#length + bytes + OVERSHOOT_BYTES
    if (needed > this.#bytes.length) this.#grow(needed)
  }

  /** Bytes written, with those left free in front. */
  get length(): number {
    return this.#length
  }

  /** Takes back what was written since {@link length} had this value. */
  rewind(length: number): void {
    this.#length = length
  }

  finish(): Buffer {
    return this.#bytes.subarray(this.#frontBytes, this.#length)
  }

  text({ words, length }: FixedText): void {
    const view = this.#view
    let position = this.#length
    for (let at = 0; at < words.length; at++, position += 8) view.setFloat64(position, words[at], true)
    this.#length += length
  }

  /** Writes any bytes; makes its own room. */
  append(bytes: Uint8Array): void {
    this.room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Writes a whole number; makes its own room. */
  integer(value: number): void {
    this.room(NUMBER_BYTES)
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) {
      this.#length += this.#bytes.write(String(value), this.#length, 'latin1')
      return
    }
    let low = value
    if (value >= BILLION) {
      const high = Math.floor(value / BILLION)
      this.#digits(high, digitsOf(high))
      low = value - high * BILLION
    }
    this.#digits(low, value >= BILLION ? 9 : digitsOf(low))
  }

  /**
   * Writes the bytes as a JSON string; makes its own room. Returns false, and writes nothing, if they are not UTF-8. Asks
   * `isText` only if there is a byte beyond ASCII.
   */
  quoted(
    source: Buffer,
    view: DataView,
    start: number,
    end: number,
    isText: (start: number, end: number) => boolean
  ): boolean {
    const begin = this.#length
    this.room(end - start + 2)
    this.#bytes[this.#length++] = QUOTE
    let ascii = true
    let at = this.#copyRun(source, view, this.#copyPlain(view, start, end), end, ascii)
    while (at < end) {
      const byte = source[at]
      if (byte < 0x80) {
        // Room for the rest without escapes; the next escape asks again. Few values need six times their size.
        this.room(ESCAPE_BYTES + end - at)
        this.#escape(byte)
        at++
      } else if (isText(start, end)) ascii = false
      else {
        this.#length = begin
        return false
      }
      at = this.#copyRun(source, view, at, end, ascii)
    }
    this.#bytes[this.#length++] = QUOTE
    return true
  }

  /**
   * Writes the bytes as a JSON string of base64; makes its own room. Node's encoder makes a string for the garbage
   * collector, so it is faster only from {@link NATIVE_BASE64_BYTES} on.
   */
  base64(source: Buffer, view: DataView, start: number, end: number): void {
    this.room(Math.ceil((end - start) / 3) * 4 + 2)
    this.#bytes[this.#length++] = QUOTE
    if (end - start >= NATIVE_BASE64_BYTES) {
      this.#length += this.#bytes.write(source.toString('base64', start, end), this.#length, 'latin1')
    } else this.#length = writeBase64(this.#view, this.#length, source, view, start, end)
    this.#bytes[this.#length++] = QUOTE
  }

  /**
   * Writes the bytes as they are; makes its own room. Returns false, and writes nothing, if they are not one JSON value in
   * UTF-8 (RFC 8259), or nest deeper than {@link DEPTH_LIMIT}.
   */
  json(source: Buffer, view: DataView, start: number, end: number): boolean {
    const begin = this.#length
    this.room(end - start + 1)
    this.#length += end - start
    // Check the copy: the cursor needs a stop, which can be written behind it.
    if (this.#copyUtf8(source, view, start, end, begin) && this.#isJson(begin)) return true
    this.#length = begin
    return false
  }

  /** Copies the bytes. Returns false if they are not UTF-8. */
  #copyUtf8(source: Buffer, view: DataView, start: number, end: number, to: number): boolean {
    if (end - start < NATIVE_COPY_BYTES) {
      if (this.#copyBytes(source, view, start, end, to)) return true
    } else source.copy(this.#bytes, to, start, end)
    return isUtf8(this.#bytes.subarray(to, this.#length))
  }

  /** Copies the bytes. Returns whether all are ASCII. */
  #copyBytes(source: Buffer, view: DataView, start: number, end: number, to: number): boolean {
    const bytes = this.#bytes
    const target = this.#view
    let all = 0
    let at = start
    let length = to
    for (const last = end - 4; at <= last; at += 4, length += 4) {
      const word = view.getInt32(at, true)
      target.setInt32(length, word, true)
      all |= word
    }
    for (; at < end; at++) all |= bytes[length++] = source[at]
    return (all & 0x80808080) === 0
  }

  /** Returns whether the text from `start` on is JSON. */
  #isJson(start: number): boolean {
    const cursor = (this.#cursor ??= new JsonCursor(this.#bytes, this.#bytes.length, DEPTH_LIMIT))
    this.#bytes[this.#length] = 0
    cursor.position = start
    try {
      cursor.skipValue(0)
    } catch (error) {
      if (error instanceof GatewayError) return false
      throw error
    }
    return cursor.peek() === 0 && cursor.position === this.#length
  }

  #grow(neededBytes: number): void {
    const larger = pool.take(Math.max(neededBytes, Math.ceil(this.#bytes.length * 1.5)))
    this.#bytes.copy(larger, 0, 0, this.#length)
    pool.give(this.#bytes)
    this.#bytes = larger
    this.#view = viewOf(larger)
    this.#cursor = undefined
  }

  /** Copies as {@link #copyRun}, with one branch for two words. Stops up to seven bytes early. */
  #copyPlain(view: DataView, start: number, end: number): number {
    const target = this.#view
    let at = start
    let length = this.#length
    for (const last = end - 8; at <= last; at += 8, length += 8) {
      const first = view.getInt32(at, true)
      const second = view.getInt32(at + 4, true)
      if (((unusualBits(first) | unusualBits(second)) & 0x80808080) !== 0) break
      target.setInt32(length, first, true)
      target.setInt32(length + 4, second, true)
    }
    this.#length = length
    return at
  }

  /**
   * Copies four bytes at a time, up to a byte that needs an escape or (if `ascii`) lies beyond ASCII. Returns where that
   * byte stands.
   */
  #copyRun(source: Buffer, view: DataView, start: number, end: number, ascii: boolean): number {
    const target = this.#view
    let at = start
    let length = this.#length
    for (const last = end - 4; at <= last; at += 4, length += 4) {
      const word = view.getInt32(at, true)
      target.setInt32(length, word, true)
      const found = ascii ? unusualBytes(word) : specialBytes(word)
      if (found !== 0) {
        const plain = lowestByte(found)
        this.#length = length + plain
        return at + plain
      }
    }
    const bytes = this.#bytes
    for (; at < end; at++) {
      const byte = source[at]
      if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH || (byte >= 0x80 && ascii)) break
      bytes[length++] = byte
    }
    this.#length = length
    return at
  }

  #escape(byte: number): void {
    const bytes = this.#bytes
    bytes[this.#length++] = BACKSLASH
    if (SHORT_ESCAPES[byte] !== 0) {
      bytes[this.#length++] = SHORT_ESCAPES[byte]
      return
    }
    this.#length += CONTROL.copy(bytes, this.#length)
    bytes[this.#length++] = HEX_DIGITS[byte >> 4]
    bytes[this.#length++] = HEX_DIGITS[byte & 0x0f]
  }

  /** Writes a number below a billion in so many digits, two at a time. */
  #digits(value: number, count: number): void {
    const view = this.#view
    const start = this.#length
    let position = start + count
    let rest = value | 0
    while (position >= start + 2) {
      const hundreds = (rest / 100) | 0
      position -= 2
      view.setInt16(position, DIGIT_PAIRS[rest - hundreds * 100], true)
      rest = hundreds
    }
    if (position > start) view.setInt8(start, 0x30 + rest)
    this.#length = start + count
  }
}

function digitsOf(value: number): number {
  let digits = 1
  for (let bound = 10; bound <= value; bound *= 10) digits++
  return digits
}

export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
