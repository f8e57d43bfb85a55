import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { lz4Compress, lz4Decompress, snappyCompress, snappyDecompress } from '@platformatic/wasm-utils'
import { GatewayError } from '../../core/errors.ts'

/** In the order of the codec bits of a record batch. */
export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Codec = (typeof codecs)[number]

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_HEADER_BYTES = 16
const LZ4_MAGIC = 0x184d2204
const LZ4_BLOCK_BYTES: readonly number[] = [0, 0, 0, 0, 64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024]

interface Compressor {
  compress(bytes: Buffer): Buffer
  decompress(bytes: Buffer, limitBytes: number): Buffer
}

const compressors: Readonly<Record<Codec, Compressor>> = {
  none: { compress: bytes => bytes, decompress: bytes => bytes },
  gzip: {
    compress: bytes => gzipSync(bytes),
    decompress: (bytes, limitBytes) => gunzipSync(bytes, { maxOutputLength: limitBytes })
  },
  snappy: {
    compress: snappyCompress,
    decompress(bytes, limitBytes) {
      const blocks = snappyBlocks(bytes)
      assertBound(
        blocks.reduce((sum, block) => sum + snappyBlockBytes(block), 0),
        limitBytes
      )
      return blocks.length === 1 ? snappyDecompress(blocks[0]) : Buffer.concat(blocks.map(snappyDecompress))
    }
  },
  lz4: {
    compress: lz4Compress,
    decompress(bytes, limitBytes) {
      assertBound(lz4Bound(bytes), limitBytes)
      return lz4Decompress(bytes)
    }
  },
  zstd: {
    compress: bytes => zstdCompressSync(bytes),
    decompress: (bytes, limitBytes) => zstdDecompressSync(bytes, { maxOutputLength: limitBytes })
  }
}

export function compress(codec: Codec, bytes: Buffer): Buffer {
  return compressors[codec].compress(bytes)
}

/** Throws CORRUPT_DATA where the input is malformed or would grow beyond `limitBytes`; no memory is taken for it then. */
export function decompress(codec: Codec, bytes: Buffer, limitBytes: number): Buffer {
  try {
    return compressors[codec].decompress(bytes, limitBytes)
  } catch (cause) {
    const detail = `a ${codec} record batch cannot be decompressed: ${String(cause)}`
    throw new GatewayError('CORRUPT_DATA', 'A stored record batch cannot be decompressed.', { detail, cause })
  }
}

function assertBound(bytes: number, limitBytes: number): void {
  if (bytes > limitBytes) throw new RangeError(`would grow to ${bytes} bytes, the limit is ${limitBytes}`)
}

/** Raw Snappy is one block; Java frames several blocks in the xerial way. Throws RangeError where a block is cut off. */
function snappyBlocks(bytes: Buffer): Buffer[] {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return [bytes]
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length) throw new RangeError('a Snappy block is cut off')
    blocks.push(bytes.subarray(at + 4, end))
    at = end
  }
  return blocks
}

/** What a block says that it becomes. */
function snappyBlockBytes(block: Buffer): number {
  let length = 0
  for (let at = 0; at < 5; at++) {
    const byte = block.readUInt8(at)
    length += (byte & 0x7f) * 128 ** at
    if (byte < 0x80) return length
  }
  throw new RangeError('the length of a Snappy block has more than five bytes')
}

/** Number of blocks × largest block; the frame need not tell its content size. */
function lz4Bound(bytes: Buffer): number {
  if (bytes.readUInt32LE(0) !== LZ4_MAGIC) throw new RangeError('no LZ4 frame')
  const flags = bytes.readUInt8(4)
  const blockLimitBytes = LZ4_BLOCK_BYTES[(bytes.readUInt8(5) >> 4) & 7]
  const contentSizeBytes = flags & 0x08 ? 8 : 0
  const blockChecksumBytes = flags & 0x10 ? 4 : 0
  let total = 0
  for (let at = 7 + contentSizeBytes; ;) {
    const size = bytes.readUInt32LE(at)
    if (size === 0) return total
    const stored = size & 0x7fffffff
    total += size >= 0x80000000 ? stored : blockLimitBytes
    at += 4 + stored + blockChecksumBytes
  }
}
