import type { Authenticator } from '../auth/authenticator.ts'
import { isLoopback } from '../config/rules.ts'
import type { Config } from '../config/schema.ts'
import { currentSecret } from '../config/secret-file.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import type { Log } from '../core/log.ts'
import { type ManagementOptions, ManagementServer, type Parts } from '../http/management/server.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { addReadings, type CertificateExpiry, type Facts } from '../telemetry/readings.ts'
import { expiryOf } from './certificate-expiry.ts'
import { CertificateFiles } from './certificate-files.ts'
import { ListenError } from './listen-error.ts'
import { packageVersion } from './package-version.ts'

type LogLevel = Config['log']['level']

/** The parts of a process that the management listener reports on and controls. */
export interface Watched {
  readonly metrics: Metrics
  readonly authenticator: Authenticator
  readonly budget: ByteBudget
  openConnections(): number
  started(): boolean
  ready(): Parts
  auditLinesLost(): number
  certificates(): readonly CertificateExpiry[]
  /** As configured. */
  readonly logLevel: LogLevel
  setLogLevel(level: LogLevel): void
  drain(draining: boolean): void
}

export interface RunningManagement {
  readonly port: number
  /** The listener's own certificate, if it has one. */
  certificates(): readonly CertificateExpiry[]
  close(): Promise<void>
}

/** The functions behind the routes of a management listener. */
export interface ManagementAnswers extends Pick<ManagementOptions, 'metrics' | 'ready' | 'started'> {
  /** As configured. */
  readonly logLevel: LogLevel
  setLogLevel(level: LogLevel): void
  drain(draining: boolean): void
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
  log: Log
): Promise<RunningManagement> {
  const { metrics, logLevel } = watched
  let opened: RunningManagement | undefined
  const facts = await factsOf(watched)
  const certificates = () => [...watched.certificates(), ...(opened?.certificates() ?? [])]
  const stopReadings = addReadings(metrics.registry, { ...facts, certificates })
  try {
    const running = await openManagement(
      management,
      {
        metrics: exposition => metrics.registry.text(exposition),
        ready: () => watched.ready(),
        started: () => watched.started(),
        logLevel,
        setLogLevel: level => watched.setLogLevel(level),
        drain: draining => watched.drain(draining)
      },
      log
    )
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
  answers: ManagementAnswers,
  log: Log
): Promise<RunningManagement> {
  if (token !== undefined && tls === undefined && !isLoopback(host))
    log.warn({ host }, 'management.tls is not set: the management token travels in the clear')
  const certificate = tls && new CertificateFiles('management.tls', tls, log)
  const expected = token === undefined ? () => undefined : currentSecret(token, tokenFile)
  const server = new ManagementServer({
    ...answers,
    token: expected,
    tls: certificate?.pair,
    setLogLevel: levelChange(answers, log),
    drain(draining, caller) {
      answers.drain(draining)
      log.warn(
        { draining, caller },
        draining ? 'Draining: readiness says no, all else is served' : 'No longer draining'
      )
    },
    failed: error => log.error({ cause: String(error) }, 'The management listener failed')
  })
  const bound = await server.listen(host, port).catch((error: unknown) => {
    throw new ListenError('management', error)
  })
  certificate?.watch(pair => server.useCertificate(pair))
  log.info({ host, port: bound }, 'The management listener is open')
  return {
    port: bound,
    certificates: () => (certificate === undefined ? [] : [expiryOf('management', certificate.pair.cert)]),
    async close() {
      certificate?.close()
      await server.close()
    }
  }
}

/** Levels that hide warnings. */
const SILENT: ReadonlySet<LogLevel> = new Set(['error', 'fatal'])

/** Logs each change of the log level where it is visible: as an error if one of the two levels hides warnings. */
function levelChange(answers: Pick<ManagementAnswers, 'logLevel' | 'setLogLevel'>, log: Log) {
  let level = answers.logLevel
  return (next: LogLevel, caller: string): void => {
    const severity = SILENT.has(level) || SILENT.has(next) ? 'error' : 'warn'
    const tell = () => log[severity]({ from: level, to: next, caller }, 'The log level is changed')
    const hidden = level === 'fatal'
    if (!hidden) tell()
    answers.setLogLevel(next)
    if (hidden) tell()
    level = next
  }
}
