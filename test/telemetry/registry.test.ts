import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Registry } from '../../src/telemetry/registry.ts'

suite('The text of metrics', () => {
  test('has HELP and TYPE, and escapes what would break a line or a label', () => {
    const registry = new Registry()
    registry.counters('x_total', 'A \\ and\na break, "quoted".')({ name: 'a"b\\c\nd' }).add(2)
    assert.equal(
      registry.text('prometheus'),
      '# HELP x_total A \\\\ and\\na break, "quoted".\n# TYPE x_total counter\nx_total{name="a\\"b\\\\c\\nd"} 2\n'
    )
  })

  test('names a counter without _total in OpenMetrics, and ends with EOF', () => {
    const registry = new Registry()
    registry.counters('x_total', 'Has "quotes".')().add(1.5)
    assert.equal(registry.text('openmetrics'), '# HELP x Has \\"quotes\\".\n# TYPE x counter\nx_total 1.5\n# EOF\n')
  })

  test('counts a value into every bucket that it fits, the bound included, and all into +Inf', () => {
    const registry = new Registry()
    const histogram = registry.histograms('h', 'H.', [0.5, 1, 10])({ kind: 'k' })
    for (const value of [0.25, 0.5, 1, 7, 11]) histogram.observe(value)
    assert.deepEqual(registry.text('prometheus').trimEnd().split('\n').slice(2), [
      'h_bucket{kind="k",le="0.5"} 2',
      'h_bucket{kind="k",le="1"} 3',
      'h_bucket{kind="k",le="10"} 4',
      'h_bucket{kind="k",le="+Inf"} 5',
      'h_sum{kind="k"} 19.75',
      'h_count{kind="k"} 5'
    ])
    assert.match(registry.text('openmetrics'), /le="1\.0"} 3\n/)
  })

  test('gives the same counter for the same labels, and reads what is read only when asked', () => {
    const registry = new Registry()
    const counters = registry.counters('c_total', 'C.')
    counters({ code: 'A' }).add(1)
    counters({ code: 'A' }).add(1)
    let now = 1
    registry.reading('g', 'G.', 'gauge', () => [[{}, now]])
    now = Infinity
    assert.match(registry.text('prometheus'), /c_total\{code="A"\} 2\n[\s\S]*g \+Inf\n$/)
  })

  test('refuses two metrics of one name', () => {
    const registry = new Registry()
    registry.gauges('g', 'G.')
    assert.throws(() => registry.gauges('g', 'G.'), /two metrics/)
  })
})
