const BACKSLASH = 0x5c

/** Byte that an escape stands for, by the character behind its backslash; 0 for `u` and for what is no escape. */
export const SIMPLE_ESCAPES = new Uint8Array(256)
for (const [letter, byte] of Object.entries({ '"': 0x22, '\\': 0x5c, '/': 0x2f, b: 8, f: 12, n: 10, r: 13, t: 9 })) {
  SIMPLE_ESCAPES[letter.charCodeAt(0)] = byte
}

/** Value of a hexadecimal digit, by its byte; −1 for any other byte. */
export const HEX_VALUES = new Int8Array(256).fill(-1)
for (let value = 0; value < 16; value++) {
  for (const digit of [value.toString(16), value.toString(16).toUpperCase()]) HEX_VALUES[digit.charCodeAt(0)] = value
}

/**
 * Tests four bytes of text at once. The lowest bit set belongs to the first quote, backslash or control character; bits
 * above it may be wrong. Returns 0 if there is none.
 * @see https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord
 */
export function specialBytes(word: number): number {
  return unusualBits(word) & ~word & 0x80808080
}

/** Tests as {@link specialBytes}, for bytes beyond ASCII too. */
export function unusualBytes(word: number): number {
  return unusualBits(word) & 0x80808080
}

/** Returns the bits of {@link unusualBytes} before they are masked, so that one mask serves two words. */
export function unusualBits(word: number): number {
  return ((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101) | (word - 0x20202020) | word
}

/** Returns the index of the first byte found by the tests above. */
export function lowestByte(found: number): number {
  return (31 - Math.clz32(found & -found)) >>> 3
}

/**
 * Resolves the escapes of a JSON string (the bytes between its quotes, already checked) in place, as UTF-8, which is never
 * longer. Returns the length in bytes, or −1 if a lone surrogate has no form in UTF-8.
 */
export function unescapeInPlace(bytes: Buffer, start: number, end: number): number {
  let read = start
  while (read < end && bytes[read] !== BACKSLASH) read++
  let write = read
  while (read < end) {
    const byte = bytes[read++]
    if (byte !== BACKSLASH) {
      bytes[write++] = byte
      continue
    }
    const letter = bytes[read++]
    if (letter !== 0x75) {
      bytes[write++] = SIMPLE_ESCAPES[letter]
      continue
    }
    const codePoint = codePointAt(bytes, read, end)
    if (codePoint < 0) return -1
    read += codePoint < 0x10000 ? 4 : 10
    write = writeCodePoint(bytes, write, codePoint)
  }
  return write - start
}

/** Reads the digits behind `\u`, and the second escape of a surrogate pair. Returns −1 for a lone surrogate. */
function codePointAt(bytes: Buffer, read: number, end: number): number {
  const unit = hexAt(bytes, read)
  if (unit < 0xd800 || unit > 0xdfff) return unit
  if (unit > 0xdbff || read + 10 > end || bytes[read + 4] !== BACKSLASH || bytes[read + 5] !== 0x75) return -1
  const low = hexAt(bytes, read + 6)
  return low < 0xdc00 || low > 0xdfff ? -1 : 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
}

/** Reads four hexadecimal digits. Returns a negative number if one of them is none. */
export function hexAt(bytes: Buffer, position: number): number {
  return (
    (HEX_VALUES[bytes[position]] << 12) |
    (HEX_VALUES[bytes[position + 1]] << 8) |
    (HEX_VALUES[bytes[position + 2]] << 4) |
    HEX_VALUES[bytes[position + 3]]
  )
}

function writeCodePoint(bytes: Buffer, position: number, codePoint: number): number {
  if (codePoint < 0x80) {
    bytes[position++] = codePoint
    return position
  }
  if (codePoint < 0x800) bytes[position++] = 0xc0 | (codePoint >> 6)
  else {
    if (codePoint < 0x10000) bytes[position++] = 0xe0 | (codePoint >> 12)
    else {
      bytes[position++] = 0xf0 | (codePoint >> 18)
      bytes[position++] = 0x80 | ((codePoint >> 12) & 0x3f)
    }
    bytes[position++] = 0x80 | ((codePoint >> 6) & 0x3f)
  }
  bytes[position++] = 0x80 | (codePoint & 0x3f)
  return position
}

/** The characters of base64, in the order of their values (RFC 4648, section 4). */
export const BASE64_ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
/** Value of each of them; negative for any other byte, so that one test judges four. */
const BASE64 = new Int8Array(256).fill(-1)
for (const [value, byte] of BASE64_ALPHABET.entries()) BASE64[byte] = value
export const PAD = 0x3d

/**
 * Decodes canonical base64 (RFC 4648 §4: no line breaks, no stray bits) in place. Returns the length in bytes, or −1 if it
 * is anything else. Padding is there whole or, unless `padded` asks for it, not at all.
 */
export function decodeBase64InPlace(bytes: Buffer, start: number, end: number, padded: boolean): number {
  let last = end
  if ((end - start) % 4 !== 0) {
    if (padded) return -1
  } else if (end > start && bytes[end - 1] === PAD) last = bytes[end - 2] === PAD ? end - 2 : end - 1
  const tail = (last - start) & 3
  let write = start
  for (let read = start, whole = last - tail; read < whole; read += 4) {
    const bits = bitsAt(bytes, read)
    if (bits < 0) return -1
    bytes[write++] = bits >> 16
    bytes[write++] = bits >> 8
    bytes[write++] = bits
  }
  if (tail === 0) return write - start
  if (tail === 1) return -1
  const first = BASE64[bytes[last - tail]]
  const second = BASE64[bytes[last - tail + 1]]
  const third = tail === 2 ? 0 : BASE64[bytes[last - 1]]
  const strayBits = tail === 2 ? second & 0x0f : third & 0x03
  if ((first | second | third) < 0 || strayBits !== 0) return -1
  bytes[write++] = (first << 2) | (second >> 4)
  if (tail === 3) bytes[write++] = (second << 4) | (third >> 2)
  return write - start
}

/** Reads four characters as 24 bits. Returns a negative number if one is not in the alphabet. */
function bitsAt(bytes: Buffer, position: number): number {
  return (
    (BASE64[bytes[position]] << 18) |
    (BASE64[bytes[position + 1]] << 12) |
    (BASE64[bytes[position + 2]] << 6) |
    BASE64[bytes[position + 3]]
  )
}
