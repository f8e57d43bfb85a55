import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'
import { lz4Decompress, snappyDecompress } from '@platformatic/wasm-utils'
import type { Deadline } from '../../core/deadline.ts'
import { assertBound, undecodable, type Codec } from './compression.ts'
import { lz4Bound, lz4Pieces } from './lz4-frame.ts'
import { snappyBlocks, snappyBound } from './snappy-blocks.ts'
import { zstdFrames } from './zstd-frames.ts'

/** Decompressing so much takes a few milliseconds, in which nobody else is served. */
export const AT_ONCE_BYTES = 1024 * 1024
/** A batch that claims to grow beyond this is refused before memory is taken for it. */
const LIMIT_BYTES = 128 * 1024 * 1024
/** Each may take the limit, beyond what the byte budget counts. */
const OPEN_AT_ONCE = 2
const WAITING_LIMIT = 100

const gunzipLater = promisify(gunzip)
const zstdDecompressLater = promisify(zstdDecompress)

type Opener = (bytes: Buffer) => Promise<Buffer>

/** Off the event loop, or in pieces between which it goes on. Each throws if the result would exceed the limit. */
const openers: Readonly<Record<Codec, Opener>> = {
  none: bytes => Promise.resolve(bytes),
  gzip: bytes => gunzipLater(bytes, { maxOutputLength: LIMIT_BYTES }),
  async zstd(bytes) {
    const contents: Buffer[] = []
    let leftBytes = LIMIT_BYTES
    for (const frame of zstdFrames(bytes)) {
      const content = await zstdDecompressLater(frame, { maxOutputLength: Math.max(1, leftBytes) })
      leftBytes -= content.length
      contents.push(content)
    }
    assertBound(LIMIT_BYTES - leftBytes, LIMIT_BYTES)
    return Buffer.concat(contents)
  },
  lz4(bytes) {
    assertBound(lz4Bound(bytes, LIMIT_BYTES), LIMIT_BYTES)
    return inTurns(lz4Pieces(bytes, AT_ONCE_BYTES), lz4Decompress)
  },
  snappy(bytes) {
    const blocks = snappyBlocks(bytes)
    assertBound(snappyBound(blocks), LIMIT_BYTES)
    return inTurns(blocks, snappyDecompress)
  }
}

async function inTurns(pieces: readonly Buffer[], open: (piece: Buffer) => Buffer): Promise<Buffer> {
  const contents: Buffer[] = []
  let sinceTurnBytes = 0
  for (const piece of pieces) {
    const content = open(piece)
    contents.push(content)
    sinceTurnBytes += content.length
    if (sinceTurnBytes < AT_ONCE_BYTES) continue
    sinceTurnBytes = 0
    await nextTurn()
  }
  return contents.length === 1 ? contents[0] : Buffer.concat(contents)
}

let open = 0
const waiting: (() => void)[] = []

export class TooManyLargeBatches extends Error {}

/** A batch that is too large to be decompressed at once. */
export class LargeBatch {
  /** Where it begins in the answer. */
  readonly position: number
  readonly #codec: Codec
  readonly #stored: Buffer

  /** `stored` is copied: the answer's memory may be used again before the batch is open. */
  constructor(position: number, codec: Codec, stored: Buffer) {
    this.position = position
    this.#codec = codec
    this.#stored = Buffer.from(stored)
  }

  /**
   * Decompresses it while others are served, a few batches at a time. Throws CorruptRecords, and TooManyLargeBatches when
   * too many wait for their turn. Undefined if the deadline has passed by then.
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
