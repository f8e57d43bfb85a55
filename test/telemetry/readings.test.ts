import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addReadings, addWorkers, type Facts } from '../../src/telemetry/readings.ts'
import { Registry } from '../../src/telemetry/registry.ts'

test('what is read at a scrape is what it is then, each under its name and labels', t => {
  const state = { waits: 0, held: 0, attempts: 0, connections: 0, graph: 0, lost: 0, died: 0, keys: Infinity }
  const identity = () => ({
    cluster: { connections: state.connections, reads: { keptBytes: 100 * state.connections } }
  })
  const facts: Facts = {
    version: '1',
    ready: () => ({ kafka: state.held > 0 || 'No broker can be reached' }),
    inFlightBytes: () => 10 * state.held,
    inFlightLimitBytes: 1000,
    openConnections: () => state.connections,
    consumers: {
      get held() {
        return state.held
      },
      get waits() {
        return state.waits
      }
    },
    identities: {
      pool: { size: 2, spread: of => ({ sum: 2 * of(identity()), largest: of(identity()) }) },
      attempts: () => ({ accepted: state.attempts, refused: 2 * state.attempts, unavailable: 0 })
    },
    keySets: () => [{ issuer: 'https://idp', ageSeconds: state.keys }],
    graphCalls: () => ({ answered: state.graph, failed: state.graph + 1 }),
    auditLinesLost: () => state.lost,
    certificates: () => [{ certificate: 'listen', expirySeconds: 1_900_000_000 }]
  }
  const registry = new Registry()
  t.after(addReadings(registry, facts))
  addWorkers(registry, () => ({ died: state.died, notStarted: 0 }))
  const scrape = () => new Set(registry.text('prometheus').replaceAll('kafka_rest_', '').split('\n'))
  const has = (...lines: readonly string[]) => {
    const scraped = scrape()
    assert.deepEqual(
      lines.filter(line => !scraped.has(line)),
      []
    )
  }
  has('ready{part="kafka"} 0', 'instances_held 0', 'polls_waiting 0', 'graph_calls_total{result="failed"} 1')
  has('key_set_age_seconds{issuer="https://idp"} +Inf', 'worker_failures_total{kind="died"} 0')
  Object.assign(state, { waits: 1, held: 2, attempts: 3, connections: 4, graph: 5, lost: 6, died: 7, keys: 8 })
  has('ready{part="kafka"} 1', 'instances_held 2', 'polls_waiting 1', 'in_flight_bytes 20', 'open_connections 4')
  has('identities 2', 'identity_connections{of="all"} 8', 'identity_connections{of="largest"} 4')
  has('identity_kept_bytes{of="all"} 800', 'identity_kept_bytes{of="largest"} 400')
  has('identity_attempts_total{result="accepted"} 3', 'identity_attempts_total{result="refused"} 6')
  has('graph_calls_total{result="answered"} 5', 'graph_calls_total{result="failed"} 6', 'audit_lines_lost_total 6')
  has('worker_failures_total{kind="died"} 7', 'worker_failures_total{kind="not_started"} 0')
  has('key_set_age_seconds{issuer="https://idp"} 8')
  has('certificate_expiry_timestamp_seconds{certificate="listen"} 1900000000')
})
