const BACKSLASH = 0x5c

/** What the character behind a backslash stands for. */
const SIMPLE = new Uint8Array(128)
for (const [letter, byte] of Object.entries({ '"': 0x22, '\\': 0x5c, '/': 0x2f, b: 8, f: 12, n: 10, r: 13, t: 9 })) {
  SIMPLE[letter.charCodeAt(0)] = byte
}

/**
 * Resolves the escapes of a JSON string (the bytes between its quotes, already checked) in place, as UTF-8: that is never
 * longer than its source. Returns the length in bytes, or −1 where a lone surrogate has no UTF-8 form.
 */
export function unescapeInPlace(bytes: Buffer, start: number, end: number): number {
  let read = bytes.indexOf(BACKSLASH, start)
  let write = read
  while (read < end) {
    const byte = bytes[read++]
    if (byte !== BACKSLASH) {
      bytes[write++] = byte
      continue
    }
    const letter = bytes[read++]
    if (letter !== 0x75) {
      bytes[write++] = SIMPLE[letter]
      continue
    }
    let codePoint = hexAt(bytes, read)
    read += 4
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      const low = bytes[read] === BACKSLASH && bytes[read + 1] === 0x75 && read + 6 <= end ? hexAt(bytes, read + 2) : 0
      if (codePoint > 0xdbff || low < 0xdc00 || low > 0xdfff) return -1
      codePoint = 0x10000 + ((codePoint - 0xd800) << 10) + (low - 0xdc00)
      read += 6
    }
    write = writeCodePoint(bytes, write, codePoint)
  }
  return write - start
}

function hexAt(bytes: Buffer, position: number): number {
  let value = 0
  for (let at = position; at < position + 4; at++) {
    const byte = bytes[at]
    value = (value << 4) | (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57)
  }
  return value
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

const INVALID = 0xff
/** Value of each character of the standard alphabet. */
const BASE64 = new Uint8Array(256).fill(INVALID)
for (const [value, byte] of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/').entries())
  BASE64[byte] = value
const PAD = 0x3d

/**
 * Decodes padded base64 (RFC 4648 §4, canonical: no line breaks, no stray bits) in place. Returns the length in bytes, or
 * −1 where it is anything else.
 */
export function decodeBase64InPlace(bytes: Buffer, start: number, end: number): number {
  if ((end - start) % 4 !== 0) return -1
  if (end === start) return 0
  const padding = bytes[end - 1] === PAD ? (bytes[end - 2] === PAD ? 2 : 1) : 0
  let write = start
  for (let read = start; read < end; read += 4) {
    const last = read + 4 === end ? padding : 0
    const a = BASE64[bytes[read]]
    const b = BASE64[bytes[read + 1]]
    const c = last === 2 ? 0 : BASE64[bytes[read + 2]]
    const d = last >= 1 ? 0 : BASE64[bytes[read + 3]]
    if (a === INVALID || b === INVALID || c === INVALID || d === INVALID) return -1
    if ((last === 2 && (b & 0x0f) !== 0) || (last === 1 && (c & 0x03) !== 0)) return -1
    bytes[write++] = (a << 2) | (b >> 4)
    if (last < 2) bytes[write++] = ((b & 0x0f) << 4) | (c >> 2)
    if (last < 1) bytes[write++] = ((c & 0x03) << 6) | d
  }
  return write - start
}
