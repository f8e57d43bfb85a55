import { BufferPool } from '../../../core/lib/buffer-pool.ts'
import { BASE64_ALPHABET, lowestByte, PAD, specialBytes, unusualBits, unusualBytes } from './string-bytes.ts'

const POOL_BYTES = 32 * 1024 * 1024
const pool = new BufferPool(POOL_BYTES)
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** The letter behind the backslash of a short escape, by the byte that needs it; 0 where there is none. */
const SHORT_ESCAPES = new Uint8Array(128)
for (const byte of [QUOTE, BACKSLASH, 8, 9, 10, 12, 13]) {
  SHORT_ESCAPES[byte] = JSON.stringify(String.fromCharCode(byte)).charCodeAt(2)
}
/** Between the backslash and the last two digits of a long escape. */
const CONTROL = Buffer.from('u00')
const HEX_DIGITS = Buffer.from('0123456789abcdef')

/** `00` to `99`, little-endian. */
const DIGIT_PAIRS = Int16Array.from({ length: 100 }, (_, pair) => 0x3030 + Math.floor(pair / 10) + ((pair % 10) << 8))

/** Two characters for twelve bits, little-endian. */
const BASE64_PAIRS = Uint16Array.from(
  { length: 4096 },
  (_, bits) => BASE64_ALPHABET[bits >> 6] + (BASE64_ALPHABET[bits & 0x3f] << 8)
)
const NATIVE_BASE64_BYTES = 128

/** Of the longest escape, `\u0000`. */
const ESCAPE_BYTES = 6
/** Of one number as text, sign and exponent included. */
const NUMBER_BYTES = 24
const BILLION = 1_000_000_000
/** Fixed texts are written in whole words, and the last one may reach so far beyond its end. */
const OVERSHOOT_BYTES = 7

/** A fixed text in visible ASCII, ready to be written eight bytes at a time. */
export interface FixedText {
  readonly length: number
  /**
   * Little-endian; the last one is filled up with zeros. Numbers are the one thing that JavaScript moves eight bytes of at
   * once: eight visible characters are never NaN, whose bits it may change.
   */
  readonly words: Float64Array
}

export function fixedText(ascii: string): FixedText {
  const bytes = Buffer.alloc(Math.ceil(ascii.length / 8) * 8)
  bytes.write(ascii, 'latin1')
  return {
    length: ascii.length,
    words: Float64Array.from({ length: bytes.length / 8 }, (_, at) => bytes.readDoubleLE(at * 8))
  }
}

/** Takes back what {@link TextWriter.finish} gave: nobody may touch it from now on. */
export function recycleText(text: Buffer): void {
  pool.give(text)
}

/** Text written straight into a growing buffer. {@link room} is asked for by the caller, once for several fixed texts. */
export class TextWriter {
  #bytes: Buffer
  #view: DataView
  #length: number
  readonly #frontBytes: number

  /** @param frontBytes memory that is left free in front of the text, for who sends it */
  constructor(capacityBytes: number, frontBytes = 0) {
    this.#bytes = pool.take(frontBytes + capacityBytes + OVERSHOOT_BYTES)
    this.#view = viewOf(this.#bytes)
    this.#length = this.#frontBytes = frontBytes
  }

  /** Makes sure that so many bytes can be written. */
  room(bytes: number): void {
    const needed = this.#length + bytes + OVERSHOOT_BYTES
    if (needed > this.#bytes.length) this.#grow(needed)
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

  /** Finished JSON, or any other text; makes its own room. */
  append(bytes: Uint8Array): void {
    this.room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** A whole number; makes its own room. */
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
   * The bytes as a JSON string; makes its own room. Returns false, with nothing written, where they are not UTF-8 as
   * `isText` says, which is asked only when a byte beyond ASCII turns up.
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
        // The rest as it is, unless another escape turns up and asks again: one alone must not reserve six times a value.
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
   * The bytes as a JSON string of base64; makes its own room. Three bytes make one word of text here, where the encoder of
   * Node would make a string for the garbage collector; from {@link NATIVE_BASE64_BYTES} on that one is the faster.
   */
  base64(source: Buffer, view: DataView, start: number, end: number): void {
    this.room(Math.ceil((end - start) / 3) * 4 + 2)
    this.#bytes[this.#length++] = QUOTE
    if (end - start >= NATIVE_BASE64_BYTES) {
      this.#length += this.#bytes.write(source.toString('base64', start, end), this.#length, 'latin1')
    } else this.#base64Words(source, view, start, end)
    this.#bytes[this.#length++] = QUOTE
  }

  #grow(neededBytes: number): void {
    const larger = pool.take(Math.max(neededBytes, Math.ceil(this.#bytes.length * 1.5)))
    this.#bytes.copy(larger, 0, 0, this.#length)
    pool.give(this.#bytes)
    this.#bytes = larger
    this.#view = viewOf(larger)
  }

  /** As {@link #copyRun}, two words to a branch, which saves a fifth; ends up to seven bytes before what it looks for. */
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
   * Copies up to a byte that needs an escape or (while all was ASCII) lies beyond it; returns where that
   * stands. Four bytes at a time.
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

  #base64Words(source: Buffer, view: DataView, start: number, end: number): void {
    const target = this.#view
    let length = this.#length
    let at = start
    for (const last = end - 12; at <= last; at += 12, length += 16) {
      const first = view.getInt32(at)
      const second = view.getInt32(at + 4)
      const third = view.getInt32(at + 8)
      target.setInt32(length, base64Word(first >>> 20, (first >>> 8) & 0xfff), true)
      const across = ((first & 0xff) << 4) | (second >>> 28)
      target.setInt32(length + 4, base64Word(across, (second >>> 16) & 0xfff), true)
      target.setInt32(length + 8, base64Word((second >>> 4) & 0xfff, ((second & 0xf) << 8) | (third >>> 24)), true)
      target.setInt32(length + 12, base64Word((third >>> 12) & 0xfff, third & 0xfff), true)
    }
    for (; at < end; at += 3, length += 4) {
      const left = end - at
      const bits = (source[at] << 16) | (left > 1 ? source[at + 1] << 8 : 0) | (left > 2 ? source[at + 2] : 0)
      target.setInt32(length, base64Word(bits >>> 12, bits & 0xfff), true)
      if (left < 3) target.setInt8(length + 3, PAD)
      if (left < 2) target.setInt8(length + 2, PAD)
    }
    this.#length = length
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

  /** A number below a billion, in so many digits: two at a time, in 32-bit integers. */
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

/** Four characters for twice twelve bits, little-endian. */
function base64Word(high: number, low: number): number {
  return BASE64_PAIRS[high] | (BASE64_PAIRS[low] << 16)
}

function digitsOf(value: number): number {
  let digits = 1
  for (let bound = 10; bound <= value; bound *= 10) digits++
  return digits
}

export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
