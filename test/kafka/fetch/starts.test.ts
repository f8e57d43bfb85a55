import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { Deadline } from '../../../src/core/deadline.ts'
import { findStarts } from '../../../src/kafka/fetch/starts.ts'
import { batchOf } from '../records/stored.ts'
import { clusterOf, range } from './cluster-of.ts'
import { leaderOf, topicLedBy, type ModelLog } from './model-cluster.ts'

/** A log in which compaction has left the records at some offsets only. */
const compacted = fc
  .array(fc.record({ kept: fc.integer({ min: 1, max: 3 }), gap: fc.nat(90) }), { minLength: 1, maxLength: 12 })
  .map(batches => {
    const offsets: number[] = []
    let end = 0
    const bytes = batches.map(({ kept, gap }) => {
      const baseOffset = end
      const records = range(0, kept).map(at => ({ value: Buffer.from(`${at}`) }))
      offsets.push(...range(baseOffset, baseOffset + kept))
      end += kept + gap
      return batchOf({ baseOffset, records, lastOffset: end - 1 })
    })
    return { offsets, end, log: { batches: bytes, lastStableOffset: end } }
  })

async function startOf(log: ModelLog, last: number, before?: number): Promise<number | undefined> {
  const { reads } = clusterOf({ brokers: { 1: leaderOf(log) } })
  const topic = topicLedBy([1])
  const known = () => Promise.resolve(topic)
  const notAsked = () => Promise.reject(new Error('not asked'))
  const tools = {
    metadata: {
      peek: () => topic,
      topic: known,
      refresh: known,
      learnLeaders: () => false,
      onTopicChange: () => undefined
    },
    offsets: {
      boundsOf: (_topic: unknown, _partitions: unknown, which: string) =>
        Promise.resolve(new Map([[0, which === 'earliest' ? 0 : log.lastStableOffset]])),
      localStart: notAsked,
      bounds: notAsked,
      offsetsSince: notAsked
    },
    read: reads.read.bind(reads)
  }
  const from = new Map([[0, before === undefined ? { last } : { last, before }]])
  return (await findStarts(tools, 'orders', from, 'committed', Deadline.after(60_000))).get(0)
}

suite('Where the last N records begin', () => {
  test('is at the N-th last one, wherever compaction has left holes, if it lies within the last 64 N offsets', async () => {
    const counts = fc.integer({ min: 1, max: 8 })
    await fc.assert(
      fc.asyncProperty(
        compacted,
        counts,
        fc.option(fc.nat(400), { nil: undefined }),
        async ({ offsets, end, log }, last, before) => {
          const stop = Math.min(end, before ?? end)
          const seen = offsets.filter(offset => offset < stop && offset >= stop - 64 * last)
          const start = await startOf(log, last, before)
          if (last >= stop) assert.equal(start, 0)
          else assert.equal(start, seen.at(-last) ?? seen[0] ?? stop)
        }
      ),
      { numRuns: 60 }
    )
  })
})
