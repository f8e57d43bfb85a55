/**
 * Encodes the parts of DER that a certificate needs.
 * @see https://www.itu.int/rec/T-REC-X.690
 */

function lengthOf(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size])
  return size < 0x100 ? Buffer.from([0x81, size]) : Buffer.from([0x82, size >> 8, size & 0xff])
}

/** Encodes tag, length and contents. */
export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content])
}

export const sequence = (...contents: readonly Buffer[]): Buffer => der(0x30, ...contents)
export const set = (...contents: readonly Buffer[]): Buffer => der(0x31, ...contents)
export const octets = (content: Buffer): Buffer => der(0x04, content)
/** Encodes a bit string without unused bits. */
export const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content)
export const boolean = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0]))
export const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text))
/** Encodes a positive integer, given big-endian. */
export const integer = (content: Buffer): Buffer =>
  der(0x02, content[0] & 0x80 ? Buffer.concat([Buffer.from([0]), content]) : content)
/** Encodes an explicit tag, `[n]`. */
export const tagged = (n: number, ...contents: readonly Buffer[]): Buffer => der(0xa0 | n, ...contents)
/** Encodes an implicit tag, `[n]`, in place of the primitive type's own. */
export const implicit = (n: number, content: Buffer): Buffer => der(0x80 | n, content)

/** Encodes a time as UTCTime, which RFC 5280 demands until 2049. */
export function utcTime(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`))
}

export function objectId(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const groups = [arc & 0x7f]
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return der(0x06, Buffer.from(bytes))
}
