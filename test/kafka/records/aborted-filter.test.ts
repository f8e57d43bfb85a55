import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { AbortedFilter, type AbortedTransaction } from '../../../src/kafka/records/aborted-filter.ts'
import { decodeBatches } from '../../../src/kafka/records/decode-batches.ts'
import { PageBuilder } from '../../../src/kafka/records/page-builder.ts'
import { markerOf, plainBatch, recordsOf } from './stored.ts'

function committed(stored: readonly Buffer[], aborted: readonly AbortedTransaction[], from = 0, endOffset = 1e9) {
  const page = new PageBuilder(0, from, { records: 1000, bytes: 1e6 })
  decodeBatches(Buffer.concat(stored), new AbortedFilter(aborted), page, endOffset)
  return { offsets: recordsOf(page.build()).map(({ offset }) => offset), nextOffset: page.nextOffset }
}

const transactional = (producerId: bigint, baseOffset: number, count: number) =>
  plainBatch(baseOffset, count, { producerId, transactional: true })

test('two aborted transactions of one producer, with a committed one between them, are both left out', () => {
  const stored = [
    transactional(7n, 0, 2),
    markerOf(2, 7n, 'abort'),
    transactional(7n, 3, 2),
    markerOf(5, 7n, 'commit'),
    transactional(7n, 6, 2),
    markerOf(8, 7n, 'abort')
  ]
  const aborted = [
    { producerId: 7n, firstOffset: 0 },
    { producerId: 7n, firstOffset: 6 }
  ]
  assert.deepEqual(committed(stored, aborted), { offsets: [3, 4], nextOffset: 9 })
})

test('an aborted transaction whose marker lies beyond what was fetched is left out all the same', () => {
  const stored = [plainBatch(0, 1), transactional(7n, 1, 3), transactional(7n, 4, 2)]
  assert.deepEqual(committed(stored, [{ producerId: 7n, firstOffset: 1 }]), { offsets: [0], nextOffset: 6 })
})

test('an aborted transaction that began before the offset is left out', () => {
  const stored = [transactional(7n, 4, 4), markerOf(8, 7n, 'abort'), plainBatch(9, 1)]
  assert.deepEqual(committed(stored, [{ producerId: 7n, firstOffset: 1 }], 6), { offsets: [9], nextOffset: 10 })
})

test('other producers, and records outside transactions, are not touched', () => {
  const stored = [
    transactional(7n, 0, 1),
    transactional(8n, 1, 1),
    plainBatch(2, 1, { producerId: 7n }),
    markerOf(3, 8n, 'commit'),
    markerOf(4, 7n, 'abort'),
    transactional(7n, 5, 1),
    markerOf(6, 7n, 'commit')
  ]
  assert.deepEqual(committed(stored, [{ producerId: 7n, firstOffset: 0 }]), { offsets: [1, 2, 5], nextOffset: 7 })
})

test('the list of aborted transactions may come in any order', () => {
  const stored = [
    transactional(7n, 0, 1),
    transactional(8n, 1, 1),
    markerOf(2, 7n, 'abort'),
    markerOf(3, 8n, 'abort'),
    plainBatch(4, 1)
  ]
  const aborted = [
    { producerId: 8n, firstOffset: 1 },
    { producerId: 7n, firstOffset: 0 }
  ]
  assert.deepEqual(committed(stored, aborted), { offsets: [4], nextOffset: 5 })
})

interface Step {
  readonly producer: number
  readonly kind: 'write' | 'abort' | 'commit' | 'plain'
  readonly count: number
}

const step: fc.Arbitrary<Step> = fc.record({
  producer: fc.integer({ min: 1, max: 3 }),
  kind: fc.constantFrom('write', 'write', 'write', 'abort', 'commit', 'plain'),
  count: fc.integer({ min: 1, max: 3 })
})

/** A log by its rules: which offsets are committed is known from how each transaction ended. */
function logOf(steps: readonly Step[]) {
  const batches: { first: number; last: number; bytes: Buffer }[] = []
  const aborted: (AbortedTransaction & { lastOffset: number })[] = []
  const open = new Map<number, number[]>()
  const readable = new Set<number>()
  let next = 0
  const append = (bytes: Buffer, count: number) => batches.push({ first: next, last: (next += count) - 1, bytes })
  const end = (producer: number, kind: 'abort' | 'commit') => {
    const written = open.get(producer)
    if (written === undefined) return
    open.delete(producer)
    if (kind === 'commit') for (const offset of written) readable.add(offset)
    else aborted.push({ producerId: BigInt(producer), firstOffset: written[0], lastOffset: next })
    append(markerOf(next, BigInt(producer), kind), 1)
  }
  for (const { producer, kind, count } of steps) {
    const offsets = Array.from({ length: count }, (_, index) => next + index)
    if (kind === 'plain') {
      for (const offset of offsets) readable.add(offset)
      append(plainBatch(next, count), count)
    } else if (kind === 'write') {
      open.set(producer, [...(open.get(producer) ?? []), ...offsets])
      append(transactional(BigInt(producer), next, count), count)
    } else end(producer, kind)
  }
  for (const producer of open.keys()) end(producer, 'abort')
  return { batches, aborted, readable, end: next }
}

test('whatever transactions did, a committed reader sees each committed record and no other, page by page', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(30),
      (steps, batchesPerFetch, start) => {
        const { batches, aborted, readable, end } = logOf(steps)
        const seen: number[] = []
        let next = start
        while (next < end) {
          const first = batches.findIndex(({ last }) => last >= next)
          const fetched = batches.slice(first, first + batchesPerFetch)
          const upTo = fetched[fetched.length - 1].last
          const named = aborted.filter(({ firstOffset, lastOffset }) => lastOffset >= next && firstOffset <= upTo)
          const page = committed(
            fetched.map(({ bytes }) => bytes),
            named,
            next,
            end
          )
          seen.push(...page.offsets)
          assert.ok(page.nextOffset > next, 'never stands still')
          next = page.nextOffset
        }
        assert.deepEqual(
          seen,
          [...readable].filter(offset => offset >= start).toSorted((one, other) => one - other)
        )
      }
    ),
    { numRuns: 300 }
  )
})
