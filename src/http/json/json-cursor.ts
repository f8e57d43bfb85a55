import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../../core/errors.ts'
import { HEX_VALUES, SIMPLE_ESCAPES } from './string-bytes.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
/** From an opening bracket to its closing one, of either kind. */
const TO_CLOSE = 2
const MINUS = 0x2d

/** The closing brackets of the containers that are open in a value being skipped. */
const stack = new Uint8Array(10_000)

/**
 * Walks over a JSON text in UTF-8, byte by byte, checking it and building nothing: values are found, not made.
 * Every method expects the position at the first byte of what it reads, and leaves it behind the last. Throws
 * MALFORMED_JSON with the byte at fault.
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */
export class JsonCursor {
  readonly bytes: Buffer
  position = 0
  readonly #view: DataView
  readonly #depthLimit: number

  constructor(bytes: Buffer, depthLimit: number) {
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
      throw malformed('The body begins with a byte order mark.')
    if (!isUtf8(bytes)) throw malformed('The body is not valid UTF-8.')
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#depthLimit = depthLimit
  }

  fail(): never {
    const { bytes, position } = this
    if (position >= bytes.length) throw malformed(`The body ends at byte ${bytes.length}, in the middle of a value.`)
    throw malformed(`The body is not valid JSON at byte ${position}.`)
  }

  /** The first byte that is no white space; 0 at the end. */
  peek(): number {
    const byte = this.bytes[this.position]
    return byte > 0x20 ? byte : this.#pastSpace()
  }

  expect(byte: number): void {
    if (this.peek() !== byte) this.fail()
    this.position++
  }

  /** Past an opening bracket; false when the container ends there. */
  enter(open: number, close: number): boolean {
    this.expect(open)
    if (this.peek() !== close) return true
    this.position++
    return false
  }

  /** Past nine bytes, if they stand here: two words, little-endian, and one more. */
  skipNine(first: number, second: number, last: number): boolean {
    const { position } = this
    if (position + 9 > this.bytes.length || this.#view.getInt32(position, true) !== first) return false
    if (this.#view.getInt32(position + 4, true) !== second || this.bytes[position + 8] !== last) return false
    this.position = position + 9
    return true
  }

  /** Between two elements: true behind a comma, false behind the closing bracket. */
  next(close: number): boolean {
    const byte = this.peek()
    if (byte !== COMMA && byte !== close) this.fail()
    this.position++
    return byte === COMMA
  }

  /** Only white space may follow. */
  end(): void {
    if (this.peek() !== 0 || this.position < this.bytes.length) this.fail()
  }

  /** Returns whether the string holds escapes. */
  skipString(): boolean {
    const { bytes } = this
    if (bytes[this.position] !== QUOTE) this.fail()
    let escaped = false
    let position = this.#skipRun(this.position + 1)
    while (bytes[position] !== QUOTE) {
      if (bytes[position] !== BACKSLASH) this.#failAt(position)
      escaped = true
      do position = this.#afterEscape(position + 1)
      while (bytes[position] === BACKSLASH)
      position = this.#skipRun(position)
    }
    this.position = position + 1
    return escaped
  }

  /** Digits, point and exponent as RFC 8259 has them; the text is what lies between the positions. */
  skipNumber(): void {
    const { bytes } = this
    let { position } = this
    if (bytes[position] === MINUS) position++
    position = bytes[position] === 0x30 ? position + 1 : this.#afterDigits(position)
    if (bytes[position] === 0x2e) position = this.#afterDigits(position + 1)
    if ((bytes[position] | 0x20) === 0x65) {
      const sign = bytes[++position]
      if (sign === 0x2b || sign === MINUS) position++
      position = this.#afterDigits(position)
    }
    this.position = position
  }

  /** Any value, `depth` containers deep already. */
  skipValue(depth: number): void {
    let open = 0
    for (;;) {
      const byte = this.peek()
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (depth + open >= this.#depthLimit)
          throw malformed(`The body nests deeper than ${this.#depthLimit} levels at byte ${this.position}.`)
        this.position++
        const close = byte + TO_CLOSE
        if (this.peek() !== close) {
          stack[open++] = close
          if (byte === OPEN_BRACE) this.#skipName()
          continue
        }
        this.position++
      } else this.#skipScalar(byte)
      while (open > 0 && !this.next(stack[open - 1])) open--
      if (open === 0) return
      if (stack[open - 1] === CLOSE_BRACE) this.#skipName()
    }
  }

  #skipName(): void {
    this.peek()
    this.skipString()
    this.expect(COLON)
  }

  #skipScalar(byte: number): void {
    if (byte === QUOTE) this.skipString()
    else if (byte === MINUS || isDigit(byte)) this.skipNumber()
    else if (byte === 0x74) this.skipWord('true')
    else if (byte === 0x66) this.skipWord('false')
    else if (byte === 0x6e) this.skipWord('null')
    else this.fail()
  }

  skipWord(word: 'true' | 'false' | 'null'): void {
    for (let at = 0; at < word.length; at++, this.position++) {
      if (this.bytes[this.position] !== word.charCodeAt(at)) this.fail()
    }
  }

  #afterDigits(start: number): number {
    const { bytes } = this
    let position = start
    while (isDigit(bytes[position])) position++
    if (position === start) this.#failAt(position)
    return position
  }

  #failAt(position: number): never {
    this.position = position
    return this.fail()
  }

  /** Four spaces at a time: some indent a great deal. */
  #pastSpace(): number {
    const { bytes } = this
    const { length } = bytes
    let { position } = this
    while (position < length && isSpace(bytes[position])) {
      position++
      while (position <= length - 4 && this.#view.getInt32(position, true) === 0x20202020) position += 4
    }
    this.position = position
    return position < length ? bytes[position] : 0
  }

  /**
   * Past plain string content: to a quote, a backslash or a control character. Four bytes at a time, by the classic test
   * for a byte within a word; the lowest bit it finds is exact, those above it need not be.
   */
  #skipRun(start: number): number {
    const { bytes } = this
    let position = start
    for (const last = bytes.length - 4; position <= last; position += 4) {
      const word = this.#view.getInt32(position, true)
      const quotes = word ^ 0x22222222
      const slashes = word ^ 0x5c5c5c5c
      const found = ((quotes - 0x01010101) | (slashes - 0x01010101) | (word - 0x20202020)) & ~word & 0x80808080
      if (found !== 0) return position + ((31 - Math.clz32(found & -found)) >>> 3)
    }
    while (position < bytes.length && isPlain(bytes[position])) position++
    return position
  }

  #afterEscape(position: number): number {
    const { bytes } = this
    const letter = bytes[position]
    if (SIMPLE_ESCAPES[letter] > 0) return position + 1
    if (letter !== 0x75) this.#failAt(position)
    for (let digit = position + 1; digit <= position + 4; digit++) {
      if (!(HEX_VALUES[bytes[digit]] >= 0)) this.#failAt(digit)
    }
    return position + 5
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

export function malformed(message: string): GatewayError {
  return new GatewayError('MALFORMED_JSON', message)
}
