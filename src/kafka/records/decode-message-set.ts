import { crc32 } from 'node:zlib'
import { tryDecompress, undecodable, type Codec } from './compression.ts'
import { AT_ONCE_BYTES } from './large-batch.ts'
import { codecOf, corrupt, int64At, LENGTH_END, LOG_APPEND_TIME_BIT, MAGIC_AT } from './layout.ts'
import { withHeaderChecksum } from './lz4-frame.ts'
import type { PageBuilder } from './page-builder.ts'

/** The checksum covers the message from here on. */
const CHECKED_FROM = 16
/** A message without timestamp, key and value. */
const SMALLEST_MESSAGE_BYTES = 26
const NO_TIMESTAMP = -1

export interface Compressed {
  readonly codec: Codec
  readonly bytes: Buffer
}

/** Positions of one message in the bytes it was read from. */
interface Message {
  readonly offset: number
  readonly end: number
  readonly magic: number
  readonly attributes: number
  readonly timestampMs: number
  readonly keyStart: number
  readonly keyLength: number
  readonly valueStart: number
  readonly valueLength: number
}

/**
 * Adds a message of the formats before Kafka 0.11 (magic 0 and 1). Kafka 4 writes them no more (KIP-724), but serves
 * those that an old broker stored. A compressed one wraps others. `stored` is that one message, `opened` what it wraps
 * if that was decompressed before. Returns false, and adds nothing, if it is too large to be decompressed at once.
 * Throws CorruptRecords.
 *
 * Layout: offset int64, length int32, crc int32, magic int8, attributes int8, [timestamp int64], key and value as bytes
 * with an int32 length.
 * @see https://kafka.apache.org/documentation/#messageset
 */
export function decodeMessages(stored: Buffer, page: PageBuilder, opened?: Buffer): boolean {
  const message = readMessage(stored, 0)
  if (message.offset < page.nextOffset) return true
  if (codecOf(message.attributes) === 'none') {
    page.scannedBytes += stored.length
    addMessage(stored, message, message.offset, message, page)
    return true
  }
  const { codec, bytes: compressed } = wrappedIn(stored, message)
  const bytes = opened ?? tryDecompress(codec, compressed, AT_ONCE_BYTES)
  if (bytes === undefined) return false
  const wrapped = readAll(bytes, message)
  page.scannedBytes += bytes.length
  // With magic 1 the wrapper has the offset of the last message, and those within count from 0.
  const baseOffset = message.magic === 0 ? 0 : message.offset - wrapped[wrapped.length - 1].offset
  for (const each of wrapped) {
    const offset = baseOffset + each.offset
    if (offset >= page.nextOffset && !addMessage(bytes, each, offset, message, page)) return true
  }
  if (page.nextOffset <= message.offset && !page.full) page.nextOffset = message.offset + 1
  return true
}

/** Returns what a message holds in compressed form. */
export function compressedMessages(stored: Buffer): Compressed {
  return wrappedIn(stored, readMessage(stored, 0))
}

function wrappedIn(stored: Buffer, { attributes, magic, valueStart, valueLength }: Message): Compressed {
  const codec = codecOf(attributes)
  const bytes = stored.subarray(valueStart, valueStart + Math.max(0, valueLength))
  if (codec !== 'lz4' || magic > 0) return { codec, bytes }
  try {
    return { codec, bytes: withHeaderChecksum(bytes) }
  } catch (cause) {
    throw undecodable(codec, cause)
  }
}

function readAll(bytes: Buffer, wrapper: Message): Message[] {
  const messages: Message[] = []
  for (let position = 0; position < bytes.length;) {
    const message = readMessage(bytes, position)
    if (message.magic !== wrapper.magic || codecOf(message.attributes) !== 'none') {
      throw corrupt(`the compressed message at offset ${wrapper.offset} holds one of another format`)
    }
    messages.push(message)
    position = message.end
  }
  if (messages.length === 0) throw corrupt(`the compressed message at offset ${wrapper.offset} is empty`)
  return messages
}

function readMessage(bytes: Buffer, start: number): Message {
  if (start + SMALLEST_MESSAGE_BYTES > bytes.length) throw corrupt('a message is cut off')
  const offset = int64At(bytes, start)
  const end = start + LENGTH_END + bytes.readInt32BE(start + LENGTH_END - 4)
  if (end < start + SMALLEST_MESSAGE_BYTES || end > bytes.length)
    throw corrupt(`the message at offset ${offset} has a wrong length`)
  if (crc32(bytes.subarray(start + CHECKED_FROM, end)) !== bytes.readUInt32BE(start + LENGTH_END)) {
    throw corrupt(`the checksum of the message at offset ${offset} is wrong`)
  }
  const magic = bytes[start + MAGIC_AT]
  const keyAt = start + (magic === 0 ? 18 : 26)
  const keyLength = lengthAt(bytes, keyAt, end)
  const valueAt = keyAt + 4 + Math.max(0, keyLength)
  const valueLength = lengthAt(bytes, valueAt, end)
  return {
    offset,
    end,
    magic,
    attributes: bytes[start + MAGIC_AT + 1],
    timestampMs: magic === 0 ? NO_TIMESTAMP : int64At(bytes, start + 18),
    keyStart: keyAt + 4,
    keyLength,
    valueStart: valueAt + 4,
    valueLength
  }
}

/** Returns the length of a key or value. Throws CorruptRecords if it reaches past `end`. */
function lengthAt(bytes: Buffer, at: number, end: number): number {
  const length = at + 4 > end ? -2 : bytes.readInt32BE(at)
  if (length < -1 || at + 4 + length > end) throw corrupt('the lengths in a message do not add up')
  return length
}

/** Adds a message unless the page is full. `stamp` is the message or its wrapper: only the outer one has the append time. */
function addMessage(bytes: Buffer, message: Message, offset: number, stamp: Message, page: PageBuilder): boolean {
  const { keyStart, keyLength, valueStart, valueLength } = message
  if (page.filter?.(bytes, keyStart, keyLength, valueStart, valueLength, -1) === false) {
    page.nextOffset = offset + 1
    page.refused++
    return true
  }
  if (!page.admits(keyLength, valueLength)) return false
  const logAppendTime = (stamp.attributes & LOG_APPEND_TIME_BIT) !== 0
  const timestampMs = logAppendTime ? stamp.timestampMs : message.timestampMs
  page.add(
    page.addChunk(bytes),
    offset,
    timestampMs,
    logAppendTime,
    keyStart,
    keyLength,
    valueStart,
    valueLength,
    -1,
    0
  )
  return !page.full
}
