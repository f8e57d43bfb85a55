import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chartOf, MOST_BARS, type ChartBar } from '../../bench/support/chart.ts'

const bar = (row: string, text: string, more: Partial<ChartBar> = {}): ChartBar => ({
  row,
  text,
  ratio: { median: 1.23, lowest: 1.1, highest: 1.4 },
  factor: 1,
  of: 'rate',
  reached: true,
  ...more
})

/** All text of the picture, in its order, without the breaks of lines. */
function textOf(svg: string): string {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)]
    .map(([, text]) => text)
    .join(' ')
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ')
}

test('the same results make the same picture, byte by byte', () => {
  const bars = [bar('P1', 'HTTP ≥ 1 × the native one'), bar('P2', 'HTTPS ≥ 1 × the native one', { reached: false })]
  const first = chartOf(bars)
  assert.match(first, /^<svg [^]+<\/svg>\n$/)
  assert.equal(chartOf(bars), first)
})

test('every aim stands in the picture with its row and its ratio, rows in order and a long text whole', () => {
  const long = 'HTTPS, 200 connections: requests/s ≥ 0.9 × bare node:https behind the same load, 200 connections each'
  const text = textOf(
    chartOf([
      bar('P10', 'last'),
      bar('P2', long, { ratio: { median: 0.87, lowest: 0.8, highest: 0.9 } }),
      bar('P1', 'first')
    ])
  )
  const places = ['P1 first', `P2 ${long}`, 'P10 last'].map(label => text.indexOf(label))
  assert.ok(
    places.every(place => place >= 0),
    text
  )
  assert.deepEqual(
    places,
    places.toSorted((one, other) => one - other)
  )
  assert.match(text, /\b0\.87\b/)
})

test('where there are more aims than the picture holds, times are left out first and counted', () => {
  const times = Array.from({ length: 6 }, (_, at) => bar('P1', `time ${at}`, { of: 'p99Ms' }))
  const rates = Array.from({ length: MOST_BARS - 2 }, (_, at) => bar('P2', `rate ${at};`))
  const text = textOf(chartOf([...times, ...rates]))
  assert.equal(text.match(/time \d/g)?.length, 2)
  assert.equal(text.match(/rate \d+;/g)?.length, MOST_BARS - 2)
  assert.match(text, / 4 more aims, of times, stand in the tables only\./)
})

test('a time that is twice what was allowed is drawn at half its aim, as a rate of half is', () => {
  const of = (more: Partial<ChartBar>) =>
    chartOf([bar('P1', 'x', { reached: false, ...more })]).replaceAll(/>[\d.]+</g, '><')
  const ratio = (median: number) => ({ median, lowest: median, highest: median })
  assert.equal(of({ of: 'p99Ms', factor: 2, ratio: ratio(4) }), of({ factor: 2, ratio: ratio(1) }))
})
