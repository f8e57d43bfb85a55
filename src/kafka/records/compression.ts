import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { lz4Compress, lz4Decompress, snappyCompress, snappyDecompress } from '@platformatic/wasm-utils'
import { CorruptRecords } from './corrupt-records.ts'
import { lz4Bound } from './lz4-frame.ts'
import { snappyBlocks, snappyBound } from './snappy-blocks.ts'
import { zstdFrames } from './zstd-frames.ts'

/** In the order of the codec bits of a record batch. */
export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Codec = (typeof codecs)[number]

interface Compressor {
  compress(bytes: Buffer): Buffer
  /** Throws TooLarge, or what zlib throws for it, if the result would be larger. */
  decompress(bytes: Buffer, limitBytes: number): Buffer
}

class TooLarge extends RangeError {}

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
      assertBound(snappyBound(blocks), limitBytes)
      return blocks.length === 1 ? snappyDecompress(blocks[0]) : Buffer.concat(blocks.map(snappyDecompress))
    }
  },
  lz4: {
    compress: lz4Compress,
    decompress(bytes, limitBytes) {
      assertBound(lz4Bound(bytes, limitBytes), limitBytes)
      return lz4Decompress(bytes)
    }
  },
  zstd: {
    compress: bytes => zstdCompressSync(bytes),
    decompress(bytes, limitBytes) {
      const frames = zstdFrames(bytes)
      if (frames.length === 1) return zstdDecompressSync(frames[0], { maxOutputLength: limitBytes })
      let leftBytes = limitBytes
      const contents = frames.map(frame => {
        const content = zstdDecompressSync(frame, { maxOutputLength: Math.max(1, leftBytes) })
        leftBytes -= content.length
        return content
      })
      assertBound(limitBytes - leftBytes, limitBytes)
      return Buffer.concat(contents)
    }
  }
}

export function compress(codec: Codec, bytes: Buffer): Buffer {
  return compressors[codec].compress(bytes)
}

/**
 * Returns undefined, without allocating the result, if it would be larger than `limitBytes`. Throws CorruptRecords if the
 * input is malformed.
 */
export function tryDecompress(codec: Codec, bytes: Buffer, limitBytes: number): Buffer | undefined {
  try {
    return compressors[codec].decompress(bytes, limitBytes)
  } catch (cause) {
    if (isTooLarge(cause)) return undefined
    throw undecodable(codec, cause)
  }
}

export function isTooLarge(error: unknown): boolean {
  return (
    error instanceof TooLarge || (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
  )
}

export function undecodable(codec: Codec, cause: unknown): CorruptRecords {
  const detail = `a ${codec} record batch cannot be decompressed: ${String(cause)}`
  return new CorruptRecords('A stored record batch cannot be decompressed.', detail, cause)
}

export function assertBound(bytes: number, limitBytes: number): void {
  if (bytes > limitBytes) throw new TooLarge(`would grow to ${bytes} bytes, the limit is ${limitBytes}`)
}
