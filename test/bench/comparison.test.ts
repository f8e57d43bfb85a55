import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare, comparisonTable } from '../../bench/support/comparison.ts'
import type { Sample } from '../../bench/support/result.ts'

const RATES = { unit: 'records/s' }
const SIZES = { unit: 'MB', lessIsBetter: true } as const

function samplesOf(rates: readonly number[], more: Partial<Sample> = {}): Sample[] {
  return rates.map(rate => ({ contestant: 'HTTP', rate, ...more }))
}

const verdicts = (row: typeof RATES | typeof SIZES, own: readonly Sample[], others: readonly Sample[]) =>
  compare(row, own, others).map(({ of, verdict }) => `${of}: ${verdict}`)

test('a build that is slower in every round is worse, by the median of the ratios of each round', () => {
  // The machine is three times as fast in the later rounds: only ratios within a round tell the builds apart.
  const own = samplesOf([90, 180, 270, 92, 91])
  const others = samplesOf([100, 200, 300, 100, 100])
  const [compared] = compare(RATES, own, others)
  assert.equal(compared.verdict, 'worse')
  assert.deepEqual(compared.ratio, { median: 0.9, lowest: 0.9, highest: 0.92 })
})

test('one round that says otherwise makes a difference unclear, and one below three percent is none', () => {
  const others = samplesOf([100, 100, 100, 100, 100])
  assert.deepEqual(verdicts(RATES, samplesOf([80, 80, 101, 80, 80]), others), ['records/s: unclear'])
  assert.deepEqual(verdicts(RATES, samplesOf([98, 97.5, 98, 97.5, 98]), others), ['records/s: same'])
})

test('fewer than five rounds judge nothing', () => {
  assert.deepEqual(verdicts(RATES, samplesOf([50, 50, 50, 50]), samplesOf([100, 100, 100, 100])), [
    'records/s: unclear'
  ])
})

test('where sizes are measured more is worse, as it is for processor time and the tail of the latency', () => {
  const times = { gatewayCpuUs: 2, p99Ms: 10 }
  const others = samplesOf([100, 100, 100, 100, 100], times)
  assert.deepEqual(verdicts(SIZES, samplesOf([110, 110, 110, 110, 110], times), others), [
    'MB: worse',
    'server µs: same',
    'p99: same'
  ])
  const dearer = samplesOf([100, 100, 100, 100, 100], { gatewayCpuUs: 2.1, p99Ms: 10.9 })
  assert.deepEqual(verdicts(RATES, dearer, others), ['records/s: same', 'server µs: worse', 'p99: same'])
  assert.deepEqual(verdicts(RATES, others, dearer), ['records/s: same', 'server µs: better', 'p99: same'])
})

test('contestants are compared each with its own namesake, and what was not measured is left out', () => {
  const of = (contestant: string, rate: number): Sample => ({ contestant, rate })
  const rounds = [1, 2, 3, 4, 5]
  const own = rounds.flatMap(() => [of('one', 50), of('two', 100), of('none', 0)])
  const others = rounds.flatMap(() => [of('one', 100), of('two', 100), of('none', 0)])
  const compared = compare(RATES, own, others)
  assert.deepEqual(
    compared.map(({ contestant, ratio, verdict }) => [contestant, ratio.median, verdict]),
    [
      ['one', 0.5, 'worse'],
      ['two', 1, 'same']
    ]
  )
  assert.equal(
    comparisonTable('P1: both', compared),
    `## P1: both

| | | this by the other, median | lowest–highest | |
| --- | --- | --- | --- | --- |
| one | records/s | 0.500 | 0.500–0.500 | **worse** |
| two | records/s | 1.000 | 1.000–1.000 |  |`
  )
})
