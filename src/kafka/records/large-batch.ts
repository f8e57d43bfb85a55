import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib'
import { lz4Decompress, snappyDecompress } from '@platformatic/wasm-utils'
import type { Deadline } from '../../core/deadline.ts'
import { assertBound, undecodable, type Codec } from './compression.ts'
import { lz4Bound, lz4Pieces } from './lz4-frame.ts'
import { snappyBlocks, snappyBound } from './snappy-blocks.ts'
import { zstdFrames } from './zstd-frames.ts'

/** Decompressing so much takes a few milliseconds, during which the event loop serves nobody else. */
export const AT_ONCE_BYTES = 1024 * 1024
/** A batch that claims to decompress to more is refused before memory is allocated for it. */
const LIMIT_BYTES = 128 * 1024 * 1024
/** Each may take {@link LIMIT_BYTES}, which the byte budget does not count. */
const OPEN_AT_ONCE = 2
const WAITING_LIMIT = 100

const CHUNK_BYTES = 256 * 1024

type Opener = (bytes: Buffer) => Promise<Buffer>

/** Decompress off the event loop, or in pieces with turns of it in between. Throw if the result would exceed the limit. */
const openers: Readonly<Record<Codec, Opener>> = {
  none: bytes => Promise.resolve(bytes),
  gzip: bytes => streamed([bytes], createGunzip),
  zstd: bytes => streamed(zstdFrames(bytes), createZstdDecompress),
  async lz4(bytes) {
    return inTurns(lz4Pieces(bytes, AT_ONCE_BYTES), lz4Bound(bytes, 0), lz4Decompress)
  },
  async snappy(bytes) {
    const blocks = snappyBlocks(bytes)
    return inTurns(blocks, snappyBound(blocks), snappyDecompress)
  }
}

/** Decompresses each frame by a stream. zlib's one-call functions join their result in one long turn of the event loop. */
async function streamed(
  frames: readonly Buffer[],
  create: (options: { chunkSize: number }) => Gunzip | ZstdDecompress
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for (const frame of frames) {
    const stream = create({ chunkSize: CHUNK_BYTES })
    stream.end(frame)
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      assertBound((bytes += chunk.length), LIMIT_BYTES)
      chunks.push(chunk)
    }
  }
  return inTurns(chunks, bytes, chunk => chunk)
}

async function inTurns(pieces: readonly Buffer[], sizeBytes: number, open: (piece: Buffer) => Buffer): Promise<Buffer> {
  assertBound(sizeBytes, LIMIT_BYTES)
  if (pieces.length === 1) return open(pieces[0])
  const content = Buffer.allocUnsafe(sizeBytes)
  let filledBytes = 0
  let turnEndsAtBytes = AT_ONCE_BYTES
  for (const piece of pieces) {
    filledBytes += open(piece).copy(content, filledBytes)
    if (filledBytes < turnEndsAtBytes) continue
    turnEndsAtBytes = filledBytes + AT_ONCE_BYTES
    await nextTurn()
  }
  return content.subarray(0, filledBytes)
}

let open = 0
const waiting: (() => void)[] = []

export class TooManyLargeBatches extends Error {}

/** A batch that is too large to be decompressed at once. */
export class LargeBatch {
  /** Where the batch begins in the answer. */
  readonly position: number
  readonly #codec: Codec
  readonly #stored: Buffer

  /** Copies `stored`: the memory of the answer may be used again before the batch is open. */
  constructor(position: number, codec: Codec, stored: Buffer) {
    this.position = position
    this.#codec = codec
    this.#stored = Buffer.from(stored)
  }

  /**
   * Decompresses the batch while others are served; few do so at a time. Throws CorruptRecords, and TooManyLargeBatches if
   * too many wait for their turn. Returns undefined if the deadline passes before its turn.
   */
  async open(deadline: Deadline): Promise<OpenedBatch | undefined> {
    if (open < OPEN_AT_ONCE) open++
    else if (waiting.length < WAITING_LIMIT) await new Promise<void>(resolve => waiting.push(resolve))
    else throw new TooManyLargeBatches()
    try {
      if (deadline.passed) return undefined
      return { position: this.position, bytes: await openers[this.#codec](this.#stored) }
    } catch (cause) {
      throw undecodable(this.#codec, cause)
    } finally {
      const next = waiting.shift()
      if (next === undefined) open--
      else next()
    }
  }
}

/** The records of a {@link LargeBatch}. */
export interface OpenedBatch {
  readonly position: number
  readonly bytes: Buffer
}
