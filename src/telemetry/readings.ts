import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks'
import { addIdentities, type IdentityFacts } from './identity-readings.ts'
import type { Registry } from './registry.ts'
import { lostLogLines } from './standard-output.ts'

/** What the metrics of a process are read from at each scrape. */
export interface Facts {
  readonly version: string
  /** The parts that readiness depends on: true, or false or a reason. */
  ready(): Readonly<Record<string, boolean | string>>
  inFlightBytes(): number
  readonly inFlightLimitBytes: number
  openConnections(): number
  /** Consumer instances held by this process, and polls of them that wait. */
  readonly consumers: { readonly held: number; readonly waits: number }
  /** Undefined unless the gateway acts as its callers in Kafka. */
  readonly identities?: IdentityFacts | undefined
  /** Seconds since the keys of each issuer were loaded; Infinity if they never were. */
  keySets(): readonly { readonly issuer: string; readonly ageSeconds: number }[]
  graphCalls(): { readonly answered: number; readonly failed: number }
  /** Number of audit lines dropped. */
  auditLinesLost(): number
  certificates(): readonly CertificateExpiry[]
}

/** When one of the gateway's certificates expires. */
export interface CertificateExpiry {
  /** `listen`, `management`, `kafka` or `graph`. */
  readonly certificate: string
  /** Seconds since 1970. */
  readonly expirySeconds: number
}

const PREFIX = 'kafka_rest_'
const LOOP_RESOLUTION_MS = 20
const PERCENTILES = [50, 99, 100]
const GC_KINDS: Readonly<Record<number, string>> = { 1: 'minor', 4: 'major', 8: 'incremental', 16: 'weak_callback' }
const NANO = 1e9

type LoopDelay = ReturnType<typeof monitorEventLoopDelay>

/** Adds the metrics of the gateway and of its runtime. The returned function stops the observers. */
export function addReadings(registry: Registry, facts: Facts): () => void {
  addFacts(registry, facts)
  addProcess(registry)
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  loop.enable()
  addLoop(registry, loop)
  const collections = addCollections(registry)
  return () => {
    loop.disable()
    collections.disconnect()
  }
}

function addFacts(registry: Registry, facts: Facts): void {
  const gauge = (name: string, help: string, read: () => number) =>
    registry.reading(PREFIX + name, help, 'gauge', () => [[{}, read()]])
  registry.reading(
    `${PREFIX}build_info`,
    'Version of the gateway and of Node; always 1.',
    'gauge',
    () => [[{ version: facts.version, node: process.versions.node }, 1]],
    'most'
  )
  registry.reading(
    `${PREFIX}ready`,
    'Whether each part that readiness needs is well: 1 or 0.',
    'gauge',
    () => Object.entries(facts.ready()).map(([part, well]) => [{ part }, Number(well === true)]),
    'least'
  )
  gauge('in_flight_bytes', 'Bytes held for callers, counted against limits.inFlightBytes.', () => facts.inFlightBytes())
  gauge('in_flight_limit_bytes', 'limits.inFlightBytes.', () => facts.inFlightLimitBytes)
  gauge('open_connections', 'Open connections of clients.', () => facts.openConnections())
  gauge('instances_held', 'Consumer instances held by this process.', () => facts.consumers.held)
  gauge('polls_waiting', 'Calls for records of consumer instances under way.', () => facts.consumers.waits)
  registry.reading(
    `${PREFIX}key_set_age_seconds`,
    'Since the keys of an issuer were loaded.',
    'gauge',
    () => facts.keySets().map(({ issuer, ageSeconds }) => [{ issuer }, ageSeconds]),
    'most'
  )
  registry.reading(`${PREFIX}graph_calls_total`, 'Calls of Microsoft Graph, by their end.', 'counter', () => {
    const { answered, failed } = facts.graphCalls()
    return [
      [{ result: 'answered' }, answered],
      [{ result: 'failed' }, failed]
    ]
  })
  registry.reading(
    `${PREFIX}audit_lines_lost_total`,
    'Lines that could not be written to the audit log and are lost.',
    'counter',
    () => [[{}, facts.auditLinesLost()]]
  )
  if (facts.identities !== undefined) addIdentities(registry, facts.identities)
  addCertificates(registry, () => facts.certificates())
}

export function addCertificates(registry: Registry, read: () => readonly CertificateExpiry[]): void {
  registry.reading(
    `${PREFIX}certificate_expiry_timestamp_seconds`,
    "End of validity of each certificate of the gateway's own, in seconds since 1970.",
    'gauge',
    () => read().map(({ certificate, expirySeconds }) => [{ certificate }, expirySeconds]),
    'least'
  )
}

/** Adds the metrics of any process of an instance, including a parent that serves no requests. */
export function addProcess(registry: Registry): void {
  registry.reading(
    `${PREFIX}log_lines_lost_total`,
    'Lines that standard output did not take: its disk is full, or its reader too slow.',
    'counter',
    () => [[{}, lostLogLines()]]
  )
  registry.reading(`${PREFIX}memory_bytes`, 'Memory of the process, by kind.', 'gauge', () => {
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
    return [
      [{ kind: 'resident' }, rss],
      [{ kind: 'heap_used' }, heapUsed],
      [{ kind: 'heap_total' }, heapTotal],
      [{ kind: 'external' }, external]
    ]
  })
  registry.reading(`${PREFIX}cpu_seconds_total`, 'CPU time of the process, by mode.', 'counter', () => {
    const { user, system } = process.cpuUsage()
    return [
      [{ mode: 'user' }, user / 1e6],
      [{ mode: 'system' }, system / 1e6]
    ]
  })
  registry.reading(
    `${PREFIX}start_time_seconds`,
    'Start of the process, in seconds since 1970.',
    'gauge',
    () => [[{}, performance.timeOrigin / 1000]],
    'each'
  )
  registry.reading(`${PREFIX}active_resources`, 'Timers, sockets and the like that keep the process.', 'gauge', () => [
    [{}, process.getActiveResourcesInfo().length]
  ])
}

/** Adds a parent's metrics of its workers. */
export function addWorkers(
  registry: Registry,
  failures: () => { readonly died: number; readonly notStarted: number }
): void {
  registry.reading(
    `${PREFIX}worker_failures_total`,
    'Workers that ended unasked, and attempts to start one that failed.',
    'counter',
    () => {
      const { died, notStarted } = failures()
      return [
        [{ kind: 'died' }, died],
        [{ kind: 'not_started' }, notStarted]
      ]
    }
  )
}

function addLoop(registry: Registry, loop: LoopDelay): void {
  registry.reading(
    `${PREFIX}event_loop_delay_seconds`,
    'How late the event loop was since it was last asked, by percentile; 100 is the worst.',
    'gauge',
    () => {
      const reading = PERCENTILES.map(
        percentile => [{ percentile: String(percentile) }, late(loop.percentile(percentile))] as const
      )
      loop.reset()
      return reading
    },
    'each'
  )
}

function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds - LOOP_RESOLUTION_MS * 1e6) / NANO
}

function addCollections(registry: Registry): PerformanceObserver {
  const durations = registry.histograms(
    `${PREFIX}gc_duration_seconds`,
    'Garbage collections, by kind.',
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1]
  )
  const observer = new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
      const kind = GC_KINDS[kindOf(entry)] ?? 'other'
      durations({ kind }).observe(entry.duration / 1000)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return observer
}

function kindOf(entry: object): number {
  const detail: unknown = 'detail' in entry ? entry.detail : undefined
  return typeof detail === 'object' && detail !== null && 'kind' in detail ? Number(detail.kind) : 0
}
