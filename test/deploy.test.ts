import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { Metrics } from '../src/telemetry/metrics.ts'
import { addReadings, addWorkers } from '../src/telemetry/readings.ts'

const text = (path: string): string => readFileSync(new URL(path, new URL('../', import.meta.url)), 'utf8')

/** Types of all metrics by name, as the code exposes them. */
const exposed = (): ReadonlyMap<string, string> => {
  const { registry } = new Metrics(0)
  const stop = addReadings(registry, {
    version: '1',
    ready: () => ({}),
    inFlightBytes: () => 0,
    inFlightLimitBytes: 1,
    openConnections: () => 0,
    consumers: { held: 0, waits: 0 },
    identities: {
      pool: { size: 0, spread: () => ({ sum: 0, largest: 0 }) },
      attempts: () => ({ accepted: 0, refused: 0, unavailable: 0 })
    },
    keySets: () => [],
    graphCalls: () => ({ answered: 0, failed: 0 }),
    auditLinesLost: () => 0,
    certificates: () => []
  })
  addWorkers(registry, () => ({ died: 0, notStarted: 0 }))
  const found = [...registry.text('prometheus').matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  stop()
  return new Map(found.map(([, name, type]) => [name, type]))
}

const namesIn = (page: string): string[] => [...new Set(page.match(/\bkafka_rest_[a-z_]+/g))].toSorted()

/** Those that the code does not expose, also not as part of a histogram. */
const strangers = (page: string): string[] => {
  const known = exposed()
  return namesIn(page).filter(
    name => !known.has(name) && known.get(name.replace(/_(bucket|sum|count)$/, '')) !== 'histogram'
  )
}

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } }
}

interface Rule {
  readonly alert: string
  readonly expr: string
}

suite('What is deployed around the gateway', () => {
  test('docs/metrics.md lists every metric with its type, and no other', () => {
    const listed = [...text('docs/metrics.md').matchAll(/^\| `(kafka_rest_\w+)`\s*\| (\w+)/gm)]
    assert.deepEqual(
      listed.map(([, name, type]) => `${name} ${type}`).toSorted(),
      [...exposed()].map(([name, type]) => `${name} ${type}`).toSorted()
    )
  })

  test('names follow the conventions: counters end in _total, nothing else does', () => {
    for (const [name, type] of exposed()) assert.equal(name.endsWith('_total'), type === 'counter', name)
  })

  test('the alerts and the dashboard use metrics that exist', () => {
    for (const page of [
      'deploy/prometheus/alerts.yaml',
      'deploy/grafana/kafka-rest-gateway.json',
      'docs/operations.md'
    ]) {
      assert.ok(namesIn(text(page)).length > 5, page)
      assert.deepEqual(strangers(text(page)), [], page)
    }
  })

  test('the dashboard shows every metric', () => {
    const names = namesIn(text('deploy/grafana/kafka-rest-gateway.json'))
    const shown = new Set(names.map(name => name.replace(/_(bucket|sum)$/, '')))
    assert.deepEqual(
      [...exposed().keys()].filter(name => !shown.has(name)),
      []
    )
  })

  test('every panel of the dashboard asks about the chosen instances, and shows no version as a time', () => {
    const { panels } = JSON.parse(text('deploy/grafana/kafka-rest-gateway.json')) as { panels: Panel[] }
    const targets = panels.flatMap(({ title, targets = [], fieldConfig }) =>
      targets.map(({ expr }) => ({ title, expr, unit: fieldConfig?.defaults.unit }))
    )
    assert.ok(targets.length > 30)
    for (const { title, expr, unit } of targets) {
      const metrics: string[] = expr.match(/\bkafka_rest_\w+/g) ?? []
      assert.equal(expr.split('{instance=~"$instance"}').length - 1, metrics.length, title)
      if (metrics.includes('kafka_rest_build_info')) assert.equal(unit, undefined, title)
    }
  })

  test('every alert has a section in docs/operations.md, and every section an alert', () => {
    const { groups } = parse(text('deploy/prometheus/alerts.yaml')) as { groups: { rules: Rule[] }[] }
    const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
    const sections = [...text('docs/operations.md').matchAll(/^### (\w+)$/gm)].map(([, name]) => name)
    assert.deepEqual(sections, alerts)
    assert.equal(alerts.length, 12)
  })
})
