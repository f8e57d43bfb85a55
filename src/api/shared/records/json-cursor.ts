import { malformed } from './body-error.ts'
import { HEX_VALUES, hexAt, lowestByte, SIMPLE_ESCAPES, specialBytes } from './string-bytes.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
/** Distance from an opening bracket to its closing one, of either kind. */
const TO_CLOSE = 2
const MINUS = 0x2d
const POINT = 0x2e

/** Stack of {@link JsonCursor.skipValue}: for each open container, the closing bracket of the one around it. */
const outer = new Uint8Array(10_000)

/**
 * Walks over a JSON text in UTF-8 and checks it, without building values. Every method expects the position at the first
 * byte of what it reads, and leaves it behind the last one. Throws MALFORMED_JSON with the byte at fault.
 *
 * The last byte must be one at which every loop stops: a closing brace, white space or 0. No method reads beyond the end.
 * V8 would remember the undefined that it found there, and make every later read at that place slower.
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */
export class JsonCursor {
  readonly bytes: Buffer
  position = 0
  readonly #view: DataView
  readonly #depthLimit: number
  /** What messages call the text. */
  readonly #name: string
  #start = 0
  /** End of the text, without a stop behind it. */
  #end: number

  constructor(bytes: Buffer, length: number, depthLimit: number, name = 'The body') {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#depthLimit = depthLimit
    this.#end = length
    this.#name = name
  }

  /** Goes to another text in the same bytes, with a 0 at its end. */
  goTo(start: number, end: number): void {
    this.position = this.#start = start
    this.#end = end
  }

  fail(problem = 'is not valid JSON'): never {
    const at = this.position - this.#start
    const length = this.#end - this.#start
    if (at >= length) throw malformed(`${this.#name} ends at byte ${length}, in the middle of a value.`)
    throw malformed(`${this.#name} ${problem} at byte ${at}.`)
  }

  /** Skips white space and returns the byte behind it; 0 at the end. */
  peek(): number {
    const { bytes, position } = this
    const byte = position < bytes.length ? bytes[position] : 0
    if (byte > 0x20) return byte
    // Most white space is one space behind a colon or a comma.
    if (byte !== 0x20 || position + 1 >= bytes.length || bytes[position + 1] <= 0x20) return this.#pastSpaces()
    return bytes[++this.position]
  }

  expect(byte: number): void {
    if (this.peek() !== byte) this.fail()
    this.position++
  }

  /** Steps over an opening bracket. Returns false if the container is empty, and steps over its end. */
  enter(open: number, close: number): boolean {
    this.expect(open)
    if (this.peek() !== close) return true
    this.position++
    return false
  }

  /** Steps over nine bytes if they are these: two words, little-endian, and one more. */
  skipNine(first: number, second: number, last: number): boolean {
    const { position } = this
    if (position + 9 > this.bytes.length || this.#view.getInt32(position, true) !== first) return false
    if (this.#view.getInt32(position + 4, true) !== second || this.bytes[position + 8] !== last) return false
    this.position = position + 9
    return true
  }

  /** Steps over a comma (returns true) or the closing bracket (false). */
  next(close: number): boolean {
    const byte = this.peek()
    if (byte !== COMMA && byte !== close) this.fail()
    this.position++
    return byte === COMMA
  }

  /** Skips white space. Returns whether the text ends there. */
  ends(): boolean {
    return this.peek() === 0 && this.position >= this.#end
  }

  /** Fails unless only white space follows. */
  end(): void {
    if (!this.ends()) this.fail()
  }

  /** Skips a string that may be long. Returns whether it holds escapes. */
  skipString(): boolean {
    if (this.bytes[this.position] !== QUOTE) this.fail()
    return this.#skipContent(this.#skipPlain(this.position + 1))
  }

  /** Starts after the opening quote. Strings within a value are usually short, so they skip the loop for long ones. */
  #skipContent(start: number): boolean {
    const { bytes } = this
    const end = bytes[start] === QUOTE ? start : this.#skipRun(start)
    const escaped = bytes[end] !== QUOTE
    this.position = (escaped ? this.#skipEscaped(end) : end) + 1
    return escaped
  }

  /** Starts at the first byte that is not plain content. Returns the position of the closing quote. */
  #skipEscaped(start: number): number {
    const { bytes } = this
    let position = start
    do {
      if (bytes[position] !== BACKSLASH) this.#failAt(position)
      do {
        position = this.#afterEscape(position + 1)
        // Escapes come in crowds: test a single byte between two of them before a whole word.
        if (position + 1 < bytes.length && bytes[position + 1] === BACKSLASH && isPlain(bytes[position])) position++
      } while (bytes[position] === BACKSLASH)
      position = this.#skipRun(position)
    } while (bytes[position] !== QUOTE)
    return position
  }

  /** Skips a number as RFC 8259 defines it. */
  skipNumber(): void {
    this.position = this.#afterNumber(this.position)
  }

  /** Skips any value that lies `depth` containers deep. Does not recurse. */
  skipValue(depth: number): void {
    let open = 0
    /** Closing bracket of the innermost open container; 0 if none is open. */
    let close = 0
    do {
      const byte = this.peek()
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (depth + open >= this.#depthLimit) this.fail(`nests deeper than ${this.#depthLimit} levels`)
        this.position++
        if (this.peek() !== byte + TO_CLOSE) {
          outer[open++] = close
          close = byte + TO_CLOSE
          if (byte === OPEN_BRACE) this.#skipName()
          continue
        }
        this.position++
      } else if (close === CLOSE_BRACKET && beginsNumber(byte)) this.#skipNumbers()
      else this.#skipScalar(byte)
      while (close !== 0 && !this.next(close)) close = outer[--open]
      if (close === CLOSE_BRACE) this.#skipName()
    } while (close !== 0)
  }

  #skipName(): void {
    this.expect(QUOTE)
    this.#skipContent(this.position)
    this.expect(COLON)
  }

  /** Skips numbers with nothing but commas between them: that halves the time of a vector. */
  #skipNumbers(): void {
    const { bytes } = this
    let position = this.#afterNumber(this.position)
    while (bytes[position] === COMMA && beginsNumber(bytes[position + 1])) position = this.#afterNumber(position + 1)
    this.position = position
  }

  #skipScalar(byte: number): void {
    if (byte === QUOTE) this.#skipContent(this.position + 1)
    else if (beginsNumber(byte)) this.skipNumber()
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

  #afterNumber(start: number): number {
    const { bytes } = this
    let position = bytes[start] === MINUS ? start + 1 : start
    const first = bytes[position]
    if (!isDigit(first)) this.#failAt(position)
    position++
    if (first !== 0x30) while (isDigit(bytes[position])) position++
    // Most numbers end at a comma, a space or a line feed: all are below both.
    return bytes[position] >= POINT ? this.#afterFraction(position) : position
  }

  #afterFraction(start: number): number {
    const { bytes } = this
    let position = bytes[start] === POINT ? this.#afterDigits(start + 1) : start
    if ((bytes[position] | 0x20) === 0x65) {
      const sign = bytes[++position]
      if (sign === 0x2b || sign === MINUS) position++
      position = this.#afterDigits(position)
    }
    return position
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

  /** Skips four spaces at a time, for bodies with deep indents. */
  #pastSpaces(): number {
    const { bytes } = this
    const { length } = bytes
    let { position } = this
    while (position < length && isSpace(bytes[position])) {
      if (bytes[position++] !== 0x20) continue
      while (position <= length - 4 && this.#view.getInt32(position, true) === 0x20202020) position += 4
    }
    this.position = position
    return position < length ? bytes[position] : 0
  }

  /** Skips as {@link #skipRun}, with one branch for two words. Stops up to eight bytes early. */
  #skipPlain(start: number): number {
    const view = this.#view
    let position = start
    for (const last = this.bytes.length - 8; position < last; position += 8) {
      const first = specialBytes(view.getInt32(position, true))
      const second = specialBytes(view.getInt32(position + 4, true))
      if ((first | second) !== 0) break
    }
    return position
  }

  /** Skips plain string content, four bytes at a time. Returns where a quote, backslash or control character stands. */
  #skipRun(start: number): number {
    const { bytes } = this
    let position = start
    for (const last = bytes.length - 4; position <= last; position += 4) {
      const found = specialBytes(this.#view.getInt32(position, true))
      if (found !== 0) return position + lowestByte(found)
    }
    while (position < bytes.length && isPlain(bytes[position])) position++
    if (position === bytes.length) this.#failAt(position)
    return position
  }

  #afterEscape(position: number): number {
    const { bytes } = this
    const letter = bytes[position]
    if (SIMPLE_ESCAPES[letter] > 0) return position + 1
    if (letter !== 0x75) this.#failAt(position)
    if (position + 4 < bytes.length && hexAt(bytes, position + 1) >= 0) return position + 5
    let digit = position + 1
    while (HEX_VALUES[bytes[digit]] >= 0) digit++
    return this.#failAt(digit)
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH
}

function beginsNumber(byte: number): boolean {
  return isDigit(byte) || byte === MINUS
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
