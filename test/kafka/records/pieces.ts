import { gzipSync, zstdCompressSync } from 'node:zlib'
import { compress, type Codec } from '../../../src/kafka/records/compression.ts'

const XERIAL_HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
const LZ4_HEADER_BYTES = 7

export type PiecedCodec = Exclude<Codec, 'none'>

/** One stream of many pieces, as writers make them that compress as they go: a piece of the stream for each of the text. */
export const inPieces: Readonly<Record<PiecedCodec, (parts: readonly Buffer[]) => Buffer>> = {
  gzip: parts => Buffer.concat(parts.map(part => gzipSync(part))),
  zstd: parts => Buffer.concat(parts.map(part => zstdCompressSync(part))),
  snappy: parts => Buffer.concat([XERIAL_HEADER, ...parts.flatMap(part => lengthed(compress('snappy', part)))]),
  lz4(parts) {
    const frames = parts.map(part => compress('lz4', part))
    const blocks = frames.map(frame => frame.subarray(LZ4_HEADER_BYTES, endOfBlocks(frame)))
    // A frame is a header, blocks, and an end. The header says how large blocks may be.
    const [largest] = frames.toSorted((one, other) => other[5] - one[5])
    return Buffer.concat([largest.subarray(0, LZ4_HEADER_BYTES), ...blocks, Buffer.alloc(4)])
  }
}

/** What a zstd stream may hold beside its frames. */
export function skippable(text: string, kind = 0): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(0x184d2a50 + kind, 0)
  header.writeUInt32LE(text.length, 4)
  return Buffer.concat([header, Buffer.from(text)])
}

function lengthed(block: Buffer): Buffer[] {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(block.length)
  return [length, block]
}

function endOfBlocks(frame: Buffer): number {
  let at = LZ4_HEADER_BYTES
  while (frame.readUInt32LE(at) !== 0) at += 4 + (frame.readUInt32LE(at) & 0x7fffffff)
  return at
}
