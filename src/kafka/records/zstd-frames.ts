const FRAME_MAGIC = 0xfd2fb528
/** First of the sixteen magic numbers of skippable frames. */
const SKIPPABLE_MAGIC = 0x184d2a50
const SKIPPABLE_HEADER_BYTES = 8
const DICTIONARY_ID_BYTES: readonly number[] = [0, 1, 2, 4]
const CONTENT_SIZE_BYTES: readonly number[] = [0, 2, 4, 8]
const RLE_BLOCK = 1
const RESERVED_BLOCK = 3

/**
 * Splits a zstd stream into its frames, without the skippable ones: Node decompresses only the first frame of a stream.
 * Throws RangeError if a frame is malformed or cut off.
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1
 */
export function zstdFrames(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  let at = 0
  do {
    const magic = bytes.readUInt32LE(at)
    const start = at
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      at += SKIPPABLE_HEADER_BYTES + bytes.readUInt32LE(at + 4)
    } else if (magic === FRAME_MAGIC) {
      at = frameEnd(bytes, at)
      frames.push(bytes.subarray(start, at))
    } else throw new RangeError('no zstd frame')
    if (at > bytes.length) throw new RangeError('a zstd frame is cut off')
  } while (at < bytes.length)
  return frames
}

function frameEnd(bytes: Buffer, start: number): number {
  const descriptor = bytes.readUInt8(start + 4)
  const singleSegment = (descriptor >> 5) & 1
  const checksumBytes = descriptor & 0x04 ? 4 : 0
  const contentSizeFlag = descriptor >> 6
  const contentSizeBytes = contentSizeFlag === 0 ? singleSegment : CONTENT_SIZE_BYTES[contentSizeFlag]
  let at = start + 5 + (1 - singleSegment) + DICTIONARY_ID_BYTES[descriptor & 3] + contentSizeBytes
  for (let last = false; !last;) {
    const header = bytes.readUIntLE(at, 3)
    const type = (header >> 1) & 3
    if (type === RESERVED_BLOCK) throw new RangeError('a zstd block has a reserved type')
    last = (header & 1) === 1
    at += 3 + (type === RLE_BLOCK ? 1 : header >> 3)
  }
  return at + checksumBytes
}
