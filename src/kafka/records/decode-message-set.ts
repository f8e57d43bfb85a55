import { GatewayError } from '../../core/errors.ts'
import type { PageBuilder } from './page-builder.ts'

/**
 * A message of the formats before Kafka 0.11 (magic 0 and 1), as clusters that began long ago may still hold. Kafka 4
 * no longer serves them.
 * Layout: offset int64, size int32, crc int32, magic int8, attributes int8, [timestamp int64], key bytes, value bytes.
 * @see https://kafka.apache.org/documentation/#messageset
 */
export function decodeMessageSet(message: Buffer, page: PageBuilder): void {
  const offset = Number(message.readBigInt64BE(0))
  const magic = message.readInt8(16)
  const attributes = message.readInt8(17)
  if ((attributes & 0x07) !== 0) {
    const detail = `the message at offset ${offset} is a compressed one of format ${magic}`
    throw new GatewayError('CORRUPT_DATA', 'The record is stored in a compressed format that ended with Kafka 0.10.', { detail })
  }
  if (offset < page.nextOffset) return
  const timestampMs = magic === 1 ? Number(message.readBigInt64BE(18)) : -1
  const keyAt = magic === 1 ? 26 : 18
  const keyLength = message.readInt32BE(keyAt)
  const valueAt = keyAt + 4 + Math.max(0, keyLength)
  const valueLength = message.readInt32BE(valueAt)
  if (valueAt + 4 + Math.max(0, valueLength) > message.length) {
    throw new GatewayError('CORRUPT_DATA', 'What Kafka returned cannot be decoded.', { detail: 'a message is longer than its set' })
  }
  if (!page.admits(Math.max(0, keyLength) + Math.max(0, valueLength))) return
  const chunk = page.addChunk(message)
  page.add(chunk, offset, timestampMs, (attributes & 0x08) !== 0, keyAt + 4, keyLength, valueAt + 4, valueLength, -1)
}
