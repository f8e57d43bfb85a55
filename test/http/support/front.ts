import type { TestContext } from 'node:test'
import type { DocsOptions } from '../../../src/api/site/docs/pages.ts'
import type { Authenticator } from '../../../src/auth/authenticator.ts'
import type { ApisConfig, CorsConfig, LimitsConfig, QuotasConfig } from '../../../src/config/schema.ts'
import { ByteBudget } from '../../../src/core/byte-budget.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import type { Log, RequestLine, RequestLog } from '../../../src/core/log.ts'
import { type Meter, noMeter } from '../../../src/core/meter.ts'
import { type Call, accessWithoutRules, type Principal } from '../../../src/core/principal.ts'
import type { RecordPage } from '../../../src/core/record-page.ts'
import type { Gateway, ProduceOutcome, ReadRequest } from '../../../src/gateway/gateway.ts'
import type { ConsumerUseCases } from '../../../src/gateway/instances/consumers.ts'
import type { InstanceSettings } from '../../../src/gateway/instances/settings.ts'
import type { Api } from '../../../src/http/api.ts'
import type { ClientAddresses } from '../../../src/http/client-address.ts'
import { HttpFront, type HttpServerOptions } from '../../../src/http/server.ts'
import { apisOf } from '../../../src/server/apis.ts'

export const TOKEN = 'Bearer good'

export const limitsForTests: LimitsConfig = {
  bodyBytes: 64 * 1024,
  recordsPerRequest: 1000,
  jsonDepth: 512,
  inFlightBytes: 8 * 1024 * 1024,
  connections: 100,
  headerBytes: 16 * 1024,
  requestTimeoutMs: 2000,
  waitMs: 60_000,
  scanBytes: 1024 * 1024,
  streams: 10,
  streamStallMs: 2000,
  receiptBytes: 64 * 1024,
  headersTimeoutMs: 5000,
  bodyTimeoutMs: 10_000,
  writeTimeoutMs: 5000,
  leastWriteBytesPerSecond: 4096,
  keepAliveTimeoutMs: 20_000,
  shutdownDelayMs: 0,
  shutdownGraceMs: 2000
}

const NOTHING = new Map<string, readonly number[]>()
const done = () => Promise.resolve()
export const settingsForTests: InstanceSettings = {
  format: 'binary',
  dialect: 'confluent',
  autoCommit: true,
  reset: 'latest',
  isolation: 'committed',
  fetchMinBytes: 0,
  waitMs: null,
  version: 1,
  owner: '',
  born: '',
  assigned: null,
  assignedSince: new Map(),
  pattern: null,
  counts: new Map()
}
/** Has every instance, and nothing in it. */
export const consumersForTests: ConsumerUseCases = {
  held: 0,
  waits: 0,
  create: (_call, _group, name) => Promise.resolve(name ?? 'made'),
  delete: done,
  heldSettings: () => undefined,
  settings: () => Promise.resolve(settingsForTests),
  subscribe: done,
  unsubscribe: done,
  assign: done,
  subscription: () => Promise.resolve({ settings: settingsForTests, topics: [], partitions: NOTHING }),
  assignments: () => Promise.resolve(NOTHING),
  commit: () => Promise.resolve(settingsForTests),
  committed: () => Promise.resolve([]),
  seek: done,
  poll: (_call, _group, _name, requestOf) => {
    requestOf(settingsForTests)
    return Promise.resolve({ records: 0, bytes: 0, sent: () => undefined, lost: () => undefined })
  },
  close: done
}

const CALLER: Principal = { id: 'caller-1', issuer: 'test', appOnly: true, access: accessWithoutRules }

/** Lets `Bearer good` in, knows `Bearer stranger`, refuses the rest; answers at once, as for a token seen before. */
export const authenticator: Pick<Authenticator, 'authenticate' | 'ready'> = {
  authenticate({ headers: { authorization } }) {
    if (authorization === TOKEN) return CALLER
    if (authorization === 'Bearer stranger')
      throw new GatewayError('NOT_PERMITTED', 'No group of the caller is permitted.')
    throw new GatewayError('UNAUTHENTICATED', 'A bearer token is needed.', {
      headers: { 'WWW-Authenticate': 'Bearer' }
    })
  },
  ready: () => true
}

export function emptyPage(nextOffset = 0): RecordPage {
  const none = { chunks: [], spans: new Int32Array(0), offsets: new Float64Array(0), timestamps: new Float64Array(0) }
  return { partition: 0, count: 0, ...none, logAppendTime: new Uint8Array(0), nextOffset, payloadBytes: 0 }
}

/** One record without a key whose value is `value`, at offset 7. */
export function pageOf(value: Buffer): RecordPage {
  return {
    partition: 0,
    count: 1,
    chunks: [value],
    spans: Int32Array.of(0, 0, -1, 0, value.length, -1),
    offsets: Float64Array.of(7),
    timestamps: Float64Array.of(1_700_000_000_000),
    logAppendTime: Uint8Array.of(0),
    nextOffset: 8,
    payloadBytes: value.length
  }
}

export function stored(count: number): ProduceOutcome {
  return {
    count,
    partitions: new Int32Array(count),
    offsets: Float64Array.from({ length: count }, (_, record) => record)
  }
}

/** A gateway without Kafka, as tests write it: it answers reads with pages that are its own. */
export type ModelGateway = Omit<Gateway, 'consume'> & {
  consume(call: Call, read: ReadRequest): Promise<RecordPage>
}

/** Answers everything with success, and frees the bytes of a produce with its answer. */
const model: ModelGateway = {
  produce(_call, _topic, records, released) {
    released()
    return Promise.resolve(stored(records.count))
  },
  requireTopic: done,
  consume: () => Promise.resolve(emptyPage()),
  awaitRecords: () => Promise.resolve(),
  follow: () => Promise.reject(new Error('not modelled')),
  createTopic: () => Promise.resolve(),
  deleteTopic: () => Promise.resolve(),
  listTopics: () => Promise.resolve(['a', 'b']),
  listBrokers: () => Promise.resolve([{ id: 1, host: 'kafka', port: 9092, rack: null }]),
  describePartitions: () => Promise.resolve([]),
  describePartition: (_call, _topic, partition) =>
    Promise.resolve({ partition, earliestOffset: 0, latestOffset: 42, leader: null, replicas: [], isr: [] }),
  placements: () => Promise.resolve([{ partition: 0, leader: 1, replicas: [1], isr: [1] }]),
  placement: (_call, _topic, partition) => Promise.resolve({ partition, leader: 1, replicas: [1], isr: [1] }),
  partitionBounds: () => Promise.resolve({ earliest: 0, highWatermark: 42 }),
  topicConfigs: () => Promise.resolve(new Map([['cleanup.policy', 'delete']])),
  ready: () => true
}

/** The parts that a test writes, and success for the rest. */
export function gatewayOf(parts: Partial<ModelGateway> = {}): Gateway {
  const all = { ...model, ...parts }
  return { ...all, consume: async (call, read, use) => use(await all.consume(call, read)) }
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface TestFront {
  readonly front: HttpFront
  readonly port: number
  readonly url: string
  readonly budget: ByteBudget
  readonly log: readonly LogLine[]
  /** With the good token unless `init` has headers. */
  readonly call: (path: string, init?: RequestInit) => Promise<Response>
}

export interface FrontSettings {
  readonly limits?: Partial<LimitsConfig>
  readonly gateway?: Partial<ModelGateway>
  readonly consumers?: Partial<ConsumerUseCases>
  readonly authenticator?: Pick<Authenticator, 'authenticate' | 'ready'>
  readonly quotas?: Partial<QuotasConfig>
  readonly cors?: Partial<CorsConfig>
  readonly docs?: DocsOptions
  /** Which of the product's APIs are on. */
  readonly speaks?: Partial<ApisConfig>
  readonly stickyCookie?: boolean
  /** Besides those of the product. */
  readonly apis?: readonly Api[]
  readonly audit?: (line: string) => void
  readonly tls?: HttpServerOptions['tls']
  readonly whenFull?: NonNullable<HttpServerOptions['whenFull']>
  readonly meter?: Meter
  readonly proxyProtocolFrom?: readonly string[]
  readonly addresses?: ClientAddresses
}

/** What the product serves, over a model of the gateway. */
export function apisForTests(
  settings: Pick<
    FrontSettings,
    'limits' | 'gateway' | 'authenticator' | 'docs' | 'speaks' | 'consumers' | 'stickyCookie' | 'meter'
  > = {},
  log: Log = recorder([])
): Api[] {
  const gateway = gatewayOf(settings.gateway)
  const { ready } = settings.authenticator ?? authenticator
  const limits = { ...limitsForTests, ...settings.limits }
  return apisOf({
    apis: { v1: 'on', v2: 'confluent', v2Status: 'default', autoCreateTopics: 'off', ...settings.speaks },
    gateway,
    consumers: { ...consumersForTests, ...settings.consumers },
    stickyCookie: settings.stickyCookie ?? false,
    limits,
    docs: settings.docs,
    log,
    meter: settings.meter ?? noMeter,
    ready: () => gateway.ready() && ready()
  })
}

/** A server on a free loopback port, closed with the test. */
export async function startFront(context: TestContext, settings: FrontSettings = {}): Promise<TestFront> {
  const limits = { ...limitsForTests, ...settings.limits }
  const budget = new ByteBudget(limits.inFlightBytes)
  const log: LogLine[] = []
  const front = new HttpFront({
    apis: [...(settings.apis ?? []), ...apisForTests(settings, recorder(log))],
    authenticator: settings.authenticator ?? authenticator,
    limits,
    quotas: { overrides: [], principalsRemembered: 100, ...settings.quotas },
    addresses: settings.addresses,
    publicUrl: settings.speaks?.publicUrl,
    pathPrefix: settings.speaks?.pathPrefix,
    cors: { origins: [], maxAgeMs: 60_000, ...settings.cors },
    audit: settings.audit,
    budget,
    log: recorder(log),
    tls: settings.tls ?? 'none',
    proxyProtocolFrom: settings.proxyProtocolFrom,
    ...(settings.whenFull === undefined ? {} : { whenFull: settings.whenFull }),
    ...(settings.meter === undefined ? {} : { meter: settings.meter })
  })
  const port = await front.listen(['127.0.0.1'], 0)
  const url = `http://127.0.0.1:${port}`
  context.after(() => front.close(0))
  return {
    front,
    port,
    url,
    budget,
    log,
    call: (path, init = {}) => fetch(url + path, { headers: { authorization: TOKEN }, ...init })
  }
}

function recorder(lines: LogLine[]): Log & RequestLog {
  const at = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, message, fields: { ...fields } })
  }
  const request = (line: RequestLine) => at('info')(line, 'request')
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), request }
}
