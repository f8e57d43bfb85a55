import * as fc from 'fast-check'
import { PAGE_STRIDE, type RecordPage } from '../../../../../src/core/record-page.ts'

export interface Stored {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly offset: number
  readonly timestamp: number
  readonly logAppendTime: boolean
  readonly headers: readonly { readonly key: Buffer; readonly value: Buffer | null }[]
}

function zigzag(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value < 0 ? -value * 2 - 1 : value * 2; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}

/** A page of records as the decoder of batches makes it. */
export function pageOf(records: readonly Stored[], partition = 0): RecordPage {
  const pieces: Buffer[] = []
  let length = 0
  const put = (bytes: Buffer): number => {
    pieces.push(bytes)
    length += bytes.length
    return length - bytes.length
  }
  const spans = new Int32Array(records.length * PAGE_STRIDE)
  records.forEach(({ key, value, headers }, record) => {
    put(Buffer.from([0xff]))
    const keyStart = put(key ?? Buffer.alloc(0))
    const valueStart = put(value ?? Buffer.alloc(0))
    const encoded = headers.flatMap(header => [
      zigzag(header.key.length),
      header.key,
      zigzag(header.value === null ? -1 : header.value.length),
      header.value ?? Buffer.alloc(0)
    ])
    const headersStart = headers.length === 0 ? -1 : put(Buffer.concat([zigzag(headers.length), ...encoded]))
    spans.set([0, keyStart, key?.length ?? -1, valueStart, value?.length ?? -1, headersStart], record * PAGE_STRIDE)
  })
  return {
    partition,
    count: records.length,
    chunks: [Buffer.concat(pieces)],
    spans,
    offsets: Float64Array.from(records, ({ offset }) => offset),
    timestamps: Float64Array.from(records, ({ timestamp }) => timestamp),
    logAppendTime: Uint8Array.from(records, ({ logAppendTime }) => (logAppendTime ? 1 : 0)),
    nextOffset: 0,
    payloadBytes: 0
  }
}

const bytes = fc.oneof(
  fc.string({ unit: 'grapheme' }).map(text => Buffer.from(text)),
  fc
    .string({ unit: fc.constantFrom('"', '\\', '\n', '\u0000', '\u001f', '\u007f', 'a', 'é', '😀', '\u2028') })
    .map(text => Buffer.from(text)),
  fc.uint8Array().map(array => Buffer.from(array))
)
export const stored = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  offset: fc.maxSafeNat(),
  timestamp: fc.oneof(
    fc.maxSafeNat(),
    fc.constantFrom(-1, -62_135_596_800_000, 0, 2 ** 32, 2 ** 32 - 1, 999_999_999, 1_000_000_000)
  ),
  logAppendTime: fc.boolean(),
  headers: fc.array(fc.record({ key: bytes, value: fc.option(bytes) }), { maxLength: 3 })
})
