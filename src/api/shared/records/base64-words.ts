import { BASE64_ALPHABET, PAD } from './string-bytes.ts'

/** Two characters for twelve bits, little-endian. */
const PAIRS = Uint16Array.from(
  { length: 4096 },
  (_, bits) => BASE64_ALPHABET[bits >> 6] + (BASE64_ALPHABET[bits & 0x3f] << 8)
)

/**
 * Writes bytes as base64, with padding, in whole words of four characters. Returns the position behind it. Allocates
 * nothing, unlike the encoder of Node.
 */
export function writeBase64(
  target: DataView,
  position: number,
  source: Buffer,
  view: DataView,
  start: number,
  end: number
): number {
  let length = position
  let at = start
  for (const last = end - 12; at <= last; at += 12, length += 16) {
    const first = view.getInt32(at)
    const second = view.getInt32(at + 4)
    const third = view.getInt32(at + 8)
    target.setInt32(length, word(first >>> 20, (first >>> 8) & 0xfff), true)
    const across = ((first & 0xff) << 4) | (second >>> 28)
    target.setInt32(length + 4, word(across, (second >>> 16) & 0xfff), true)
    target.setInt32(length + 8, word((second >>> 4) & 0xfff, ((second & 0xf) << 8) | (third >>> 24)), true)
    target.setInt32(length + 12, word((third >>> 12) & 0xfff, third & 0xfff), true)
  }
  for (; at < end; at += 3, length += 4) {
    const left = end - at
    const bits = (source[at] << 16) | (left > 1 ? source[at + 1] << 8 : 0) | (left > 2 ? source[at + 2] : 0)
    target.setInt32(length, word(bits >>> 12, bits & 0xfff), true)
    if (left < 3) target.setInt8(length + 3, PAD)
    if (left < 2) target.setInt8(length + 2, PAD)
  }
  return length
}

/** Four characters for twice twelve bits, little-endian. */
function word(high: number, low: number): number {
  return PAIRS[high] | (PAIRS[low] << 16)
}
