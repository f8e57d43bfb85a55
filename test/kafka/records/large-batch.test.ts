import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Deadline } from '../../../src/core/deadline.ts'
import { compress, type Codec } from '../../../src/kafka/records/compression.ts'
import { CorruptRecords } from '../../../src/kafka/records/corrupt-records.ts'
import { AT_ONCE_BYTES, LargeBatch } from '../../../src/kafka/records/large-batch.ts'
import { clusterOf, range } from '../fetch/cluster-of.ts'
import { leaderOf } from '../fetch/model-cluster.ts'
import { inPieces, type PiecedCodec } from './pieces.ts'
import { batchOf, plainBatch } from './stored.ts'

const MEGABYTE = 1024 * 1024
const soon = () => Deadline.after(60_000)
const pieced = Object.keys(inPieces) as PiecedCodec[]
const isCorrupt = (error: unknown) => error instanceof CorruptRecords
/** Writers that compress as they go end a piece far sooner. */
const inSmallPieces = (codec: PiecedCodec, text: Buffer) =>
  inPieces[codec](range(0, Math.ceil(text.length / 65_536)).map(at => text.subarray(at * 65_536, (at + 1) * 65_536)))

/** Processor time of the longest turn of the event loop while `work` goes on: unlike its length, no other process changes it. */
async function longestTurnMs(work: Promise<unknown>): Promise<number> {
  const usedMs = () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  }
  let longestMs = 0
  let lastMs = usedMs()
  const look = () => {
    const nowMs = usedMs()
    longestMs = Math.max(longestMs, nowMs - lastMs)
    lastMs = nowMs
  }
  const looking = setInterval(look, 1)
  await work
  look()
  clearInterval(looking)
  return longestMs
}

suite('A batch that is large when it is open', () => {
  test('becomes what was compressed, with every codec, of one piece and of many', async () => {
    const text = Buffer.alloc(5 * MEGABYTE + 17, 'a record, ')
    for (const codec of pieced) {
      for (const stored of [Buffer.from(compress(codec, text)), inSmallPieces(codec, text)]) {
        const opened = await new LargeBatch(7, codec, stored).open(soon())
        assert.equal(opened?.position, 7)
        assert.ok(opened.bytes.equals(text), codec)
      }
    }
  })

  test('is corrupt if it is malformed, or larger than 128 MiB', async () => {
    for (const codec of pieced) {
      const cut = Buffer.from(compress(codec, Buffer.alloc(2 * MEGABYTE, 'text '))).subarray(0, -20)
      await assert.rejects(new LargeBatch(0, codec, cut).open(soon()), isCorrupt, codec)
      const bomb = inPieces[codec](range(0, 9).map(() => Buffer.alloc(16 * MEGABYTE)))
      await assert.rejects(new LargeBatch(0, codec, bomb).open(soon()), isCorrupt, codec)
    }
  })

  test('is opened two at a time, and not at all past its deadline', async () => {
    const stored = Buffer.from(compress('zstd', Buffer.alloc(4 * MEGABYTE)))
    const open = (deadline: Deadline) => new LargeBatch(0, 'zstd', stored).open(deadline)
    const work = [...range(0, 6).map(() => open(soon())), open(Deadline.after(-1))]
    const opened = await Promise.all(work)
    assert.deepEqual(
      opened.map(each => each?.bytes.length),
      [...range(0, 6).map(() => 4 * MEGABYTE), undefined]
    )
  })

  test('is refused when a hundred wait', async () => {
    const stored = Buffer.from(compress('zstd', Buffer.alloc(2 * MEGABYTE)))
    const outcomes = await Promise.allSettled(range(0, 110).map(() => new LargeBatch(0, 'zstd', stored).open(soon())))
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    assert.equal(refused.length, 8)
  })

  test('holds nobody else up while it is opened', async t => {
    const text = Buffer.alloc(100 * MEGABYTE)
    for (const codec of pieced) {
      const stored = codec === 'zstd' || codec === 'gzip' ? compress(codec, text) : inSmallPieces(codec, text)
      const turnMs = await longestTurnMs(new LargeBatch(0, codec, Buffer.from(stored)).open(soon()))
      t.diagnostic(`${codec}: ${turnMs.toFixed(1)} ms`)
      assert.ok(turnMs < 40, `${codec}: ${turnMs} ms`)
    }
  })

  test('is read like any other, between others, in each format and from the middle too', async () => {
    const large = range(0, 50).map(at => ({ value: Buffer.alloc(AT_ONCE_BYTES / 20, `${at} `) }))
    for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] satisfies Codec[]) {
      const batches = [plainBatch(0, 5), batchOf({ baseOffset: 5, records: large, compression }), plainBatch(55, 5)]
      const { read } = clusterOf({ brokers: { 1: leaderOf({ batches, lastStableOffset: 60 }) } })
      assert.deepEqual((await read(3, 100)).offsets, range(3, 60), compression)
      assert.deepEqual((await read(30, 10)).offsets, range(30, 40), compression)
    }
  })
})
