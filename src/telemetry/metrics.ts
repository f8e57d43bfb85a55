import { errorCatalogue } from '../core/error-catalogue.ts'
import { KAFKA_APIS } from '../core/kafka-apis.ts'
import type { BrokerMeter, CallerOutcome, CallerScheme, Fates, Meter, RouteMeter, TlsFailure } from '../core/meter.ts'
import { type Cell, type Histogram, Registry } from './registry.ts'
import { TopicCounters } from './topic-counters.ts'

const PREFIX = 'kafka_rest_'
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const RECORDS = [1, 10, 100, 1000, 10_000, 100_000]
const BYTES = [1024, 4096, 16_384, 65_536, 131_072, 262_144, 524_288, 1_048_576, 4_194_304]
/** The label of APIs without a name in KAFKA_APIS. */
const OTHER_API = 'other'
/** Further brokers share a label. */
const BROKERS_LIMIT = 256
const CLASSES = ['aborted', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** Counts what the layers report, in cells that are looked up once. */
export class Metrics implements Meter {
  readonly registry = new Registry()
  /** By topic, as far as `metrics.topics` allows. */
  readonly topics: TopicCounters
  readonly #brokers = new Map<string, BrokerMeter>()

  readonly #requests = this.#counters('requests_total', 'Requests that ended, by route and class of the status.')
  readonly #durations = this.#histograms(
    'request_duration_seconds',
    'From the first header of a request to the last byte of its answer.',
    SECONDS
  )
  readonly #inFlight = this.#gauges('requests_in_flight', 'Requests that have begun and not ended.')()
  readonly #errorOf = this.#counters('errors_total', 'Requests answered with an error, by its code.')
  readonly #errors = new Map(Object.keys(errorCatalogue).map(code => [code, this.#errorOf({ code })]))
  readonly #tokens = this.#counters('token_lookups_total', 'Callers judged, by whether the token was remembered.')
  readonly #tokenHits = this.#tokens({ result: 'hit' })
  readonly #tokenMisses = this.#tokens({ result: 'miss' })
  readonly #authentications = countAuthentications(this.registry)
  readonly #credentials = readCredentials(this.registry)
  readonly #fates = this.#counters(
    'produce_records_total',
    'Records of answered produce requests, by what became of them.'
  )
  readonly #stored = this.#fates({ outcome: 'stored' })
  readonly #notStored = this.#fates({ outcome: 'not_stored' })
  readonly #unknown = this.#fates({ outcome: 'unknown' })
  readonly #producedBytes = this.#counters('produce_bytes_total', 'Bytes of the bodies of answered produce requests.')()
  readonly #consumedRecords = this.#counters('consume_records_total', 'Records in pages that were read.')()
  readonly #consumedBytes = this.#counters('consume_bytes_total', 'Bytes of keys and values in pages that were read.')()
  readonly #reads = this.#histograms('fetch_duration_seconds', 'To read one page from Kafka.', SECONDS)()
  readonly #batchRecords = this.#histograms('produce_batch_records', 'Records of a record batch.', RECORDS)()
  readonly #batchBytes = this.#histograms('produce_batch_bytes', 'Bytes of a record batch, compressed.', BYTES)()
  readonly #queued = this.#histograms(
    'produce_queue_seconds',
    'How long the oldest record of a batch waited before the batch was made.',
    SECONDS
  )()
  readonly #retries = this.#counters('retries_total', 'Record batches sent again and reads tried again.')
  readonly #produceRetries = this.#retries({ kind: 'produce' })
  readonly #fetchRetries = this.#retries({ kind: 'fetch' })
  readonly rulesReloaded = countReloads(this.registry)
  readonly #tlsFailures = this.#counters('tls_failures_total', 'TLS handshakes with clients that failed, by kind.')
  readonly #takeovers = this.#counters(
    'instance_takeovers_total',
    'Consumer instances that came here from another process.'
  )()
  readonly #rebalances = this.#counters(
    'instance_assignments_total',
    'Times that a consumer instance was given its partitions.'
  )()
  readonly #kafkaDurations = this.#histograms(
    'kafka_request_duration_seconds',
    'From a request to a broker to its answer or the loss of it.',
    SECONDS
  )
  readonly #kafkaFailures = this.#counters('kafka_request_failures_total', 'Requests to a broker without an answer.')
  readonly #kafkaThrottles = this.#counters(
    'kafka_throttle_seconds_total',
    'Time for which a broker asked the gateway to send nothing more, because a quota is used up.'
  )
  readonly #topicProduced = this.#counters('topic_produce_records_total', 'Records stored, by topic (metrics.topics).')
  readonly #topicConsumed = this.#counters('topic_consume_records_total', 'Records read, by topic (metrics.topics).')

  /** The first `topicsLimit` topics in use get counters of their own, the others share one. 0 turns them off. */
  constructor(topicsLimit: number) {
    this.topics = new TopicCounters(topicsLimit, topic => ({
      produced: this.#topicProduced({ topic }),
      consumed: this.#topicConsumed({ topic })
    }))
  }

  route(version: string, method: string, path: string): RouteMeter {
    const labels = { version, method, route: path }
    const classes = CLASSES.map(status => this.#requests({ ...labels, status }))
    const duration = this.#durations(labels)
    return {
      ended: (status, seconds) => {
        this.#inFlight.value--
        classes[Math.trunc(status / 100)].value++
        duration.observe(seconds)
      }
    }
  }

  broker(broker: string): BrokerMeter {
    const label = this.#brokers.has(broker) || this.#brokers.size < BROKERS_LIMIT ? broker : 'other'
    let meter = this.#brokers.get(label)
    if (meter === undefined) this.#brokers.set(label, (meter = this.#newBroker(label)))
    return meter
  }

  began(): void {
    this.#inFlight.value++
  }

  tlsFailed(kind: TlsFailure): void {
    this.#tlsFailures({ kind }).value++
  }

  tookOver(): void {
    this.#takeovers.value++
  }

  rebalanced(): void {
    this.#rebalances.value++
  }

  failed(code: string): void {
    this.#errors.get(code)?.add(1)
  }

  judged(remembered: boolean): void {
    const cell = remembered ? this.#tokenHits : this.#tokenMisses
    cell.value++
  }

  authenticated(scheme: CallerScheme, outcome: CallerOutcome): void {
    this.#authentications[scheme][outcome].value++
  }

  credentialsRead(file: string, usable: boolean): void {
    this.#credentials.set(file, usable)
  }

  produced(topic: string, bytes: number, { stored, notStored, unknown }: Fates): void {
    this.#stored.value += stored
    this.#notStored.value += notStored
    this.#unknown.value += unknown
    this.#producedBytes.value += bytes
    this.topics.of(topic)?.produced.add(stored)
  }

  consumed(topic: string, records: number, bytes: number): void {
    this.#consumedRecords.value += records
    this.#consumedBytes.value += bytes
    this.topics.of(topic)?.consumed.add(records)
  }

  read(seconds: number): void {
    this.#reads.observe(seconds)
  }

  batched(records: number, bytes: number, queuedSeconds: number): void {
    this.#batchRecords.observe(records)
    this.#batchBytes.observe(bytes)
    this.#queued.observe(queuedSeconds)
  }

  retried(what: 'produce' | 'fetch'): void {
    const cell = what === 'produce' ? this.#produceRetries : this.#fetchRetries
    cell.value++
  }

  #newBroker(broker: string): BrokerMeter {
    const apis = new Map<string, { readonly duration: Histogram; readonly failures: Cell }>()
    return {
      answered: (apiKey, seconds, failed) => {
        const api = KAFKA_APIS[apiKey] ?? OTHER_API
        let cells = apis.get(api)
        if (cells === undefined) {
          cells = { duration: this.#kafkaDurations({ api, broker }), failures: this.#kafkaFailures({ api, broker }) }
          apis.set(api, cells)
        }
        cells.duration.observe(seconds)
        if (failed) cells.failures.value++
      },
      throttled: (apiKey, seconds) =>
        this.#kafkaThrottles({ api: KAFKA_APIS[apiKey] ?? OTHER_API, broker }).add(seconds)
    }
  }

  #counters(name: string, help: string) {
    return this.registry.counters(PREFIX + name, help)
  }

  #gauges(name: string, help: string) {
    return this.registry.gauges(PREFIX + name, help)
  }

  #histograms(name: string, help: string, bounds: readonly number[]) {
    return this.registry.histograms(PREFIX + name, help, bounds)
  }
}

/** Counts reloads of groups and rules. With several workers the parent does. */
export function countReloads(registry: Registry): (taken: boolean) => void {
  const reloads = registry.counters(`${PREFIX}rules_reloads_total`, 'Reloads of groups and rules, by outcome.')
  const [taken, refused] = [reloads({ outcome: 'taken' }), reloads({ outcome: 'refused' })]
  return wasTaken => (wasTaken ? taken : refused).add(1)
}

/** Makes the counters of judged credentials. */
function countAuthentications(registry: Registry): Record<CallerScheme, Record<CallerOutcome, Cell>> {
  const counters = registry.counters(`${PREFIX}authentications_total`, 'Credentials judged, by scheme and outcome.')
  const of = (scheme: CallerScheme) => ({
    accepted: counters({ scheme, outcome: 'accepted' }),
    refused: counters({ scheme, outcome: 'refused' }),
    denied: counters({ scheme, outcome: 'denied' }),
    unavailable: counters({ scheme, outcome: 'unavailable' })
  })
  return {
    token: of('token'),
    api_key: of('api_key'),
    basic: of('basic'),
    certificate: of('certificate'),
    none: of('none')
  }
}

/** Makes the reading of the files of credentials. With several workers a file counts as the worst of them found it. */
function readCredentials(registry: Registry): Map<string, boolean> {
  const usable = new Map<string, boolean>()
  registry.reading(
    `${PREFIX}credentials_usable`,
    'Whether a file of credentials could be read the last time: 1 or 0. At 0 a revocation written into it is not in force.',
    'gauge',
    () => [...usable].map(([file, isUsable]) => [{ file }, Number(isUsable)]),
    'least'
  )
  return usable
}
