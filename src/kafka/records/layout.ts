import { codecs, type Codec } from './compression.ts'
import { CorruptRecords } from './corrupt-records.ts'

/** Where the part of a batch, or of an old message, begins that its length field counts. */
export const LENGTH_END = 12
/** The same position in every format. */
export const MAGIC_AT = 16

/** Magic of record batches, and where their fields are. @see https://kafka.apache.org/documentation/#recordbatch */
export const BATCH_MAGIC = 2
export const CRC_AT = 17
/** The part that the checksum covers begins here. */
export const ATTRIBUTES_AT = 21
export const LAST_OFFSET_DELTA_AT = 23
export const BASE_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const PRODUCER_ID_AT = 43
export const PRODUCER_EPOCH_AT = 51
export const BASE_SEQUENCE_AT = 53
export const RECORD_COUNT_AT = 57
export const BATCH_HEADER_BYTES = 61

export const LOG_APPEND_TIME_BIT = 0x08
const CODEC_BITS = 0x07

/** Throws CorruptRecords if Kafka has no such codec. */
export function codecOf(attributes: number): Codec {
  const codec = codecs[attributes & CODEC_BITS]
  if (codec === undefined) throw corrupt(`compression ${attributes & CODEC_BITS} is not known`)
  return codec
}

/** Exact up to 2^53, which offsets and milliseconds never reach. */
export function int64At(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)
}

export function corrupt(detail: string): CorruptRecords {
  return new CorruptRecords('What Kafka returned cannot be decoded.', detail)
}
