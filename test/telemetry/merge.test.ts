import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { countedBy, mergeMetrics } from '../../src/telemetry/merge.ts'
import { expositionText, Registry } from '../../src/telemetry/registry.ts'

const processOf = (worker: string, count: number) => {
  const registry = new Registry()
  registry.counters('c_total', 'C.')({ code: 'A' }).add(count)
  if (worker === '2') registry.counters('late_total', 'L.')().add(1)
  registry.gauges('g', 'G.')().add(count)
  registry.histograms('h', 'H.', [1])().observe(count)
  registry.reading('least', 'L.', 'gauge', () => [[{ part: 'p' }, count]], 'least')
  registry.reading('most', 'M.', 'gauge', () => [[{}, count]], 'most')
  registry.reading('each', 'E.', 'gauge', () => [[{}, count]], 'each')
  return { worker, families: registry.snapshot() }
}

const linesOf = (...processes: Parameters<typeof mergeMetrics>[0]) =>
  expositionText(mergeMetrics(processes), 'prometheus')
    .trimEnd()
    .split('\n')
    .filter(line => !line.startsWith('#'))

suite('Metrics of several processes', () => {
  test('are summed where that means something, and told apart by worker where it does not', () => {
    assert.deepEqual(linesOf(processOf('1', 1), processOf('2', 5)), [
      'c_total{code="A"} 6',
      'g 6',
      'h_bucket{le="1"} 1',
      'h_bucket{le="+Inf"} 2',
      'h_sum 6',
      'h_count 2',
      'least{part="p"} 1',
      'most 5',
      'each{worker="1"} 1',
      'each{worker="2"} 5',
      'late_total 1'
    ])
  })

  test('of one that is gone go on counting what it counted, and show nothing else of it', () => {
    const lines = linesOf(processOf('1', 1), countedBy(processOf('3', 7)))
    assert.deepEqual(
      lines.filter(line => /^(c_total|g|h_count|each)/.test(line)),
      ['c_total{code="A"} 8', 'g 1', 'h_count 2', 'each{worker="1"} 1']
    )
  })
})
