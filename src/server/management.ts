import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import type { Config } from '../config/schema.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import type { Log } from '../core/log.ts'
import { ManagementServer } from '../http/management/server.ts'
import type { Cluster } from '../kafka/cluster.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { addReadings } from '../telemetry/readings.ts'
import { packageVersion } from './package-version.ts'

/** What the management listener looks at. */
export interface Watched {
  readonly metrics: Metrics
  readonly gatekeeper: Gatekeeper
  readonly cluster: Cluster
  readonly budget: ByteBudget
  openConnections(): number
  started(): boolean
  draining(): boolean
  /** PEM; undefined without TLS. */
  certificate(): string | Buffer | undefined
  setLogLevel(level: Config['log']['level']): void
}

export interface RunningManagement {
  readonly port: number
  close(): Promise<void>
}

/** Rejects when the port is in use. */
export async function startManagement(
  { host, port, tls, token }: NonNullable<Config['management']>,
  watched: Watched,
  log: Log
): Promise<RunningManagement> {
  const { metrics, gatekeeper, cluster, budget } = watched
  const ready = () => ({ kafka: cluster.ready, keys: gatekeeper.ready(), draining: !watched.draining() })
  const server = new ManagementServer({
    token,
    tls: tls && { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) },
    metrics: exposition => metrics.registry.text(exposition),
    ready,
    started: () => watched.started(),
    setLogLevel(level) {
      watched.setLogLevel(level)
      log.warn({ level }, 'The log level was changed')
    }
  })
  const stopReadings = addReadings(metrics.registry, {
    version: await packageVersion(),
    ready,
    inFlightBytes: () => budget.usedBytes,
    inFlightLimitBytes: budget.limitBytes,
    openConnections: () => watched.openConnections(),
    keySets: () => gatekeeper.readings().keySets,
    graphCalls: () => gatekeeper.readings().graphCalls,
    certificateExpiry: () => expiryOf(watched.certificate())
  })
  try {
    const bound = await server.listen(host, port)
    log.info({ host, port: bound }, 'The management listener is open')
    return {
      port: bound,
      async close() {
        stopReadings()
        await server.close()
      }
    }
  } catch (error) {
    stopReadings()
    throw error
  }
}

function expiryOf(certificate: string | Buffer | undefined): number | undefined {
  return certificate === undefined ? undefined : new X509Certificate(certificate).validToDate.getTime() / 1000
}
