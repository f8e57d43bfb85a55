import { managementApi } from '../api/management/api.ts'
import type { ManagementUseCases, Parts } from '../api/management/route.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import { managementAuthenticator } from '../auth/management-token.ts'
import { isLoopback } from '../config/caller-rules.ts'
import type { Config, LimitsConfig } from '../config/schema.ts'
import { currentSecret } from '../config/secret-file.ts'
import { ByteBudget } from '../core/byte-budget.ts'
import type { Log, RequestLog } from '../core/log.ts'
import { HttpFront } from '../http/server.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { addReadings, type CertificateExpiry, type Facts } from '../telemetry/readings.ts'
import { expiryOf } from './certificate-expiry.ts'
import { CertificateFiles } from './certificate-files.ts'
import { ListenError } from './listen-error.ts'
import { packageVersion } from './package-version.ts'

type LogLevel = Config['log']['level']

/** A scraper, an orchestrator, a person: a hundred connections are plenty, and their requests are small. */
const LIMITS: LimitsConfig = {
  connections: 100,
  headerBytes: 16_384,
  bodyBytes: 16_384,
  recordsPerRequest: 1,
  jsonDepth: 1,
  inFlightBytes: 16_777_216,
  requestTimeoutMs: 5000,
  waitMs: 1,
  scanBytes: 1,
  streams: 1,
  streamStallMs: 1,
  receiptBytes: 1,
  headersTimeoutMs: 5000,
  bodyTimeoutMs: 5000,
  writeTimeoutMs: 30_000,
  leastWriteBytesPerSecond: 4096,
  keepAliveTimeoutMs: 75_000,
  shutdownDelayMs: 0,
  shutdownGraceMs: 100
}

/** What the management listener reports and controls. */
export interface Managed extends Pick<ManagementUseCases, 'ready' | 'started'> {
  /** As configured. */
  readonly logLevel: LogLevel
  readonly setLogLevel: (level: LogLevel) => void
  readonly drain: (draining: boolean) => void
}

/** A single process, as its management listener looks at it. */
export interface Watched extends Managed {
  readonly ready: () => Parts
  readonly started: () => boolean
  readonly metrics: Metrics
  readonly authenticator: Authenticator
  readonly budget: ByteBudget
  openConnections(): number
  readonly consumers: Facts['consumers']
  readonly identities?: Facts['identities']
  auditLinesLost(): number
  certificates(): readonly CertificateExpiry[]
}

export interface RunningManagement {
  readonly port: number
  /** The listener's own certificate, if it has one. */
  certificates(): readonly CertificateExpiry[]
  close(): Promise<void>
}

/** Returns what the metrics of a process are read from. */
export async function factsOf(watched: Watched): Promise<Facts> {
  const { authenticator, budget } = watched
  return {
    version: await packageVersion(),
    ready: () => watched.ready(),
    inFlightBytes: () => budget.usedBytes,
    inFlightLimitBytes: budget.limitBytes,
    openConnections: () => watched.openConnections(),
    consumers: watched.consumers,
    identities: watched.identities,
    keySets: () => authenticator.readings().keySets,
    graphCalls: () => authenticator.readings().graphCalls,
    auditLinesLost: () => watched.auditLinesLost(),
    certificates: () => watched.certificates()
  }
}

/** Opens the management listener of a single process. Rejects with a ListenError if the port is in use. */
export async function startManagement(
  management: NonNullable<Config['management']>,
  watched: Watched,
  log: Log & RequestLog
): Promise<RunningManagement> {
  const { registry } = watched.metrics
  let opened: RunningManagement | undefined
  const facts = await factsOf(watched)
  const certificates = () => [...watched.certificates(), ...(opened?.certificates() ?? [])]
  const stopReadings = addReadings(registry, { ...facts, certificates })
  try {
    const metrics: ManagementUseCases['metrics'] = exposition => registry.text(exposition)
    const running = await openManagement(management, { ...watched, metrics }, log)
    opened = running
    return {
      ...running,
      async close() {
        stopReadings()
        await running.close()
      }
    }
  } catch (error) {
    stopReadings()
    throw error
  }
}

/** Opens a management listener, which reads its certificate and token again when the files change. Rejects with a ListenError. */
export async function openManagement(
  { host, port, tls, token, tokenFile }: NonNullable<Config['management']>,
  managed: Managed & Pick<ManagementUseCases, 'metrics'>,
  log: Log & RequestLog
): Promise<RunningManagement> {
  if (token !== undefined && tls === undefined && !isLoopback(host))
    log.warn({ host }, 'management.tls is not set: the management token travels in the clear')
  const certificate = tls && new CertificateFiles('management.tls', tls, log)
  const expected = token === undefined ? () => undefined : currentSecret(token, tokenFile)
  const api = managementApi({
    ...managed,
    setLogLevel: levelChange(managed, log),
    drain(draining, caller) {
      managed.drain(draining)
      log.warn(
        { draining, caller },
        draining ? 'Draining: readiness says no, all else is served' : 'No longer draining'
      )
    }
  })
  const front = new HttpFront({
    apis: [api],
    authenticator: managementAuthenticator(expected),
    limits: LIMITS,
    quotas: { overrides: [], principalsRemembered: 1 },
    cors: { origins: [], maxAgeMs: 0 },
    budget: new ByteBudget(LIMITS.inFlightBytes),
    log,
    tls: certificate?.pair ?? 'none',
    whenFull: 'displace'
  })
  const bound = await front.listen([host], port).catch((error: unknown) => {
    throw new ListenError('management', error)
  })
  certificate?.watch(pair => front.useCertificate(pair))
  log.info({ host, port: bound }, 'The management listener is open')
  return {
    port: bound,
    certificates: () => (certificate === undefined ? [] : [expiryOf('management', certificate.pair.cert)]),
    async close() {
      certificate?.close()
      await front.close(LIMITS.shutdownGraceMs)
    }
  }
}

/** Levels that hide warnings. */
const SILENT: ReadonlySet<LogLevel> = new Set(['error', 'fatal'])

/** Logs each change of the log level where it is visible: as an error if one of the two levels hides warnings. */
function levelChange(managed: Managed, log: Log) {
  let level = managed.logLevel
  return (next: LogLevel, caller: string): void => {
    const severity = SILENT.has(level) || SILENT.has(next) ? 'error' : 'warn'
    const tell = () => log[severity]({ from: level, to: next, caller }, 'The log level is changed')
    const hidden = level === 'fatal'
    if (!hidden) tell()
    managed.setLogLevel(next)
    if (hidden) tell()
    level = next
  }
}
