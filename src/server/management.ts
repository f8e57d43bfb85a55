import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import type { Config } from '../config/schema.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import type { Log } from '../core/log.ts'
import { type ManagementOptions, ManagementServer, type Parts } from '../http/management/server.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { addReadings, type Facts } from '../telemetry/readings.ts'
import { packageVersion } from './package-version.ts'

/** What the management listener looks at. */
export interface Watched {
  readonly metrics: Metrics
  readonly gatekeeper: Gatekeeper
  readonly budget: ByteBudget
  openConnections(): number
  started(): boolean
  ready(): Parts
  auditLinesLost(): number
  /** PEM; undefined without TLS. */
  certificate(): string | Buffer | undefined
  setLogLevel(level: Config['log']['level']): void
}

export interface RunningManagement {
  readonly port: number
  close(): Promise<void>
}

/** What the readings of a process are made of. */
export async function factsOf(watched: Watched): Promise<Facts> {
  const { gatekeeper, budget } = watched
  return {
    version: await packageVersion(),
    ready: () => watched.ready(),
    inFlightBytes: () => budget.usedBytes,
    inFlightLimitBytes: budget.limitBytes,
    openConnections: () => watched.openConnections(),
    keySets: () => gatekeeper.readings().keySets,
    graphCalls: () => gatekeeper.readings().graphCalls,
    auditLinesLost: () => watched.auditLinesLost(),
    certificateExpiry: () => expiryOf(watched.certificate())
  }
}

/** The listener of a process by itself. Rejects when the port is in use. */
export async function startManagement(
  management: NonNullable<Config['management']>,
  watched: Watched,
  log: Log
): Promise<RunningManagement> {
  const { metrics } = watched
  const stopReadings = addReadings(metrics.registry, await factsOf(watched))
  try {
    const opened = await openManagement(
      management,
      {
        metrics: exposition => metrics.registry.text(exposition),
        ready: () => watched.ready(),
        started: () => watched.started(),
        setLogLevel: level => watched.setLogLevel(level)
      },
      log
    )
    return {
      port: opened.port,
      async close() {
        stopReadings()
        await opened.close()
      }
    }
  } catch (error) {
    stopReadings()
    throw error
  }
}

/** Rejects when the port is in use. */
export async function openManagement(
  { host, port, tls, token }: NonNullable<Config['management']>,
  answers: Omit<ManagementOptions, 'token' | 'tls'>,
  log: Log
): Promise<RunningManagement> {
  const server = new ManagementServer({
    ...answers,
    token,
    tls: tls && { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) },
    setLogLevel(level) {
      answers.setLogLevel(level)
      log.warn({ level }, 'The log level was changed')
    }
  })
  const bound = await server.listen(host, port)
  log.info({ host, port: bound }, 'The management listener is open')
  return { port: bound, close: () => server.close() }
}

function expiryOf(certificate: string | Buffer | undefined): number | undefined {
  return certificate === undefined ? undefined : new X509Certificate(certificate).validToDate.getTime() / 1000
}
