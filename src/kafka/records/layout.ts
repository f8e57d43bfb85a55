import { codecs, type Codec } from './compression.ts'
import { CorruptRecords } from './corrupt-records.ts'

/** Where the part of a batch, or of an old message, begins that its length field counts. */
export const LENGTH_END = 12
/** The same place in every format. */
export const MAGIC_AT = 16
export const LOG_APPEND_TIME_BIT = 0x08
const CODEC_BITS = 0x07

/** Throws CorruptRecords where Kafka has no such codec. */
export function codecOf(attributes: number): Codec {
  const codec = codecs[attributes & CODEC_BITS]
  if (codec === undefined) throw corrupt(`compression ${attributes & CODEC_BITS} is not known`)
  return codec
}

/** Exact up to 2^53; offsets and milliseconds stay below. */
export function int64At(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)
}

export function corrupt(detail: string): CorruptRecords {
  return new CorruptRecords('What Kafka returned cannot be decoded.', detail)
}
