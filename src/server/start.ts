import { setTimeout as sleep } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { createAuthenticator } from '../auth/authenticator.ts'
import type { AccessConfig } from '../auth/policy.ts'
import { proxyEnvironment } from '../config/environment.ts'
import { issuerNames } from '../config/issuers.ts'
import type { Config } from '../config/schema.ts'
import { ByteBudget } from '../core/byte-budget.ts'
import type { Log, RequestLog } from '../core/log.ts'
import { noMeter } from '../core/meter.ts'
import { ClientAddresses } from '../http/client-address.ts'
import { HttpFront } from '../http/server.ts'
import { openAuditStream } from '../telemetry/audit-stream.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { openTracer } from '../telemetry/traces/tracing.ts'
import { apisOf } from './apis.ts'
import { expiryOf, expiryOfFile, listsExpiry } from './certificate-expiry.ts'
import { CertificateFiles } from './certificate-files.ts'
import { clientCertificates } from './client-certificates.ts'
import { watchCredentials } from './credential-files.ts'
import { tuneGarbageCollection } from './garbage-collection.ts'
import { openKafka } from './kafka-access.ts'
import { filesOf } from './key-pair.ts'
import { ListenError } from './listen-error.ts'
import { startManagement } from './management.ts'
import { connectionsWithin } from './open-files.ts'
import { packageVersion } from './package-version.ts'
import { RulesReload, type RulesSource } from './rules-reload.ts'

export interface RunningServer {
  readonly port: number
  readonly url: string
  /** Port of the management listener, if there is one. */
  readonly managementPort: number | undefined
  /** Whether Kafka answers and the keys of all identity providers are loaded. */
  ready(): boolean
  /** Reads groups and rules again. If they are refused, the old ones stay in force. */
  reloadRules(): void
  /** Replaces groups and rules. */
  replaceRules(rules: AccessConfig): void
  /** Number of in-flight requests. */
  readonly openRequests: number
  /**
   * Drains for `limits.shutdownDelayMs`, then refuses new requests, finishes those accepted, waits for batches in flight and
   * closes the connections. Returns how many requests were cut off when the grace period ended.
   */
  close(): Promise<number>
}

export interface StartOptions {
  /** Addresses to listen on instead of the configured one. */
  readonly hosts?: readonly string[]
  /** Serves a page at `/` that says what there is to see. Without it that path asks for a token like all others. */
  readonly frontPage?: boolean
  /** Changes the log level at run time. */
  readonly setLogLevel?: (level: Config['log']['level']) => void
  /** Source of new groups and rules, read when the file changes or {@link RunningServer.reloadRules} is called. */
  readonly rulesSource?: RulesSource
  /** Replaces the management listener: a worker reports to its parent instead. */
  readonly manage?: typeof startManagement
}

/**
 * Creates, wires and starts everything. If Kafka or an identity provider is down, the process serves, reports that it is not
 * ready, and recovers by itself. Rejects with a ListenError if the port is in use.
 */
export async function startServer(
  config: Config,
  log: Log & RequestLog,
  {
    hosts = [config.listen.host],
    frontPage = false,
    setLogLevel = () => undefined,
    rulesSource,
    manage = startManagement
  }: StartOptions = {}
): Promise<RunningServer> {
  tuneGarbageCollection()
  const {
    listen,
    auth,
    kafka,
    limits,
    quotas,
    cors,
    docs,
    management,
    traces,
    audit: { output, onFailure }
  } = config
  if (auth.mode === 'none')
    log.warn({}, 'AUTHENTICATION IS OFF (auth.mode: none): whoever reaches the port can read and write every topic')
  if (listen.tls === 'none') log.warn({}, 'TLS is off (listen.tls: none): tokens and records travel in the clear')
  const metrics = new Metrics(config.metrics.topics)
  // Skip counting when the management listener is off: nobody could read the counters.
  const meter = management === undefined ? noMeter : metrics
  const certificate = listen.tls === 'none' ? undefined : new CertificateFiles('listen.tls', filesOf(listen.tls), log)
  const clients = await clientCertificates(config, certificate?.pair)
  const asksClients = listen.tls !== 'none' && listen.tls.clientAuth !== 'off'
  const access = openKafka(config, log, meter)
  const { consumers, health } = access
  const authenticator = createAuthenticator(auth, log, {
    publicUrl: config.apis.publicUrl,
    certificates: clients,
    meter,
    kafka: access.callers,
    origins: cors.origins,
    secure: listen.tls !== 'none',
    proxyEnvironment: proxyEnvironment(),
    graphTimeLimitMs: limits.requestTimeoutMs
  })
  const credentials = watchCredentials(config, authenticator, log, meter)
  const budget = new ByteBudget(limits.inFlightBytes)
  const auditStream = output === undefined ? undefined : openAuditStream(output, log)
  let closing = false
  // Then readiness says no, so that balancers send nothing more; what comes all the same is served.
  let draining = false
  const tracer = traces && (await openTracer(traces, await packageVersion(), log))
  const front = new HttpFront({
    apis: apisOf({
      apis: config.apis,
      gateway: access.gateway,
      consumers,
      stickyCookie: config.consumers.stickyCookie === 'on',
      limits,
      log,
      meter,
      docs: { ...docs, frontPage },
      ready: () => !draining && health.ready && authenticator.ready()
    }),
    authenticator,
    limits: { ...limits, connections: connectionsWithin(config, log) },
    quotas,
    shares: access.shares,
    addresses: new ClientAddresses(listen),
    proxyProtocolFrom: listen.proxyProtocol === 'required' ? listen.proxyProtocolFrom : undefined,
    publicUrl: config.apis.publicUrl,
    pathPrefix: config.apis.pathPrefix,
    issuers: issuerNames(auth.oidc),
    cors,
    requestHeaders: [
      ...(auth.apiKeys === undefined ? [] : ['X-API-Key']),
      ...(auth.dpopSecret === undefined ? [] : ['DPoP'])
    ],
    audit: auditStream === undefined ? undefined : line => auditStream.write(line),
    auditable: auditStream === undefined || onFailure === 'drop' ? undefined : () => !auditStream.failing,
    budget,
    log,
    tls: certificate?.pair ?? 'none',
    readCertificate: asksClients ? (presented, distrust) => clients?.reader.read(presented, distrust) : undefined,
    meter,
    tracer
  })
  let started = false
  const watched = {
    metrics,
    authenticator,
    budget,
    openConnections: () => front.openConnections,
    consumers,
    identities: access.identities,
    started: () => started,
    ready: () => ({ kafka: health.trouble ?? true, keys: authenticator.ready(), draining: !draining }),
    auditLinesLost: () => auditStream?.lost ?? 0,
    certificates: () => [
      ...(certificate === undefined ? [] : [expiryOf('listen', certificate.pair.cert), ...listsExpiry(certificate)]),
      ...expiryOfFile('kafka', kafka.tls?.certFile),
      ...expiryOfFile('graph', auth.graph?.clientCertFile)
    ],
    logLevel: config.log.level,
    setLogLevel,
    drain: (on: boolean) => (draining = on || closing)
  }
  const managing = management && (await manage(management, watched, log))
  const port = await front.listen(hosts, listen.port).catch(async (error: unknown) => {
    await managing?.close()
    throw new ListenError('listen', error)
  })
  certificate?.watch((pair, isNewClient) => {
    if (isNewClient) clients?.renew(pair)
    front.useCertificate(pair, isNewClient)
  })
  const rules =
    rulesSource &&
    new RulesReload(rulesSource, config, reloaded => authenticator.replaceRules(reloaded.auth), log, meter)
  const scheme = certificate === undefined ? 'http' : 'https'
  const url = `${scheme}://${hosts[0].includes(':') ? `[${hosts[0]}]` : hosts[0]}:${port}`
  log.info({ url }, 'Listening')
  // Not awaited: a cluster or provider that is down must not keep the process from serving its health.
  void Promise.all([authenticator.start(), access.start()]).then(() => {
    started = true
    log.info({ kafka: health.ready, keys: authenticator.ready() }, 'Started')
  })
  return {
    port,
    url,
    managementPort: managing?.port,
    get openRequests() {
      return front.openRequests
    },
    ready: () => health.ready && authenticator.ready(),
    reloadRules() {
      rules?.reload()
      credentials.look()
    },
    replaceRules(replaced) {
      authenticator.replaceRules(replaced)
      credentials.look()
    },
    async close() {
      closing = true
      draining = true
      if (limits.shutdownDelayMs > 0) await sleep(limits.shutdownDelayMs)
      rules?.close()
      credentials.close()
      certificate?.close()
      const cutOff = await front.close(limits.shutdownGraceMs)
      await access.close()
      authenticator.close()
      front.end()
      await managing?.close()
      await tracer?.close()
      auditStream?.close()
      return cutOff
    }
  }
}

/** Something that can be shut down, and how many requests that affects. */
export interface Closable {
  readonly openRequests?: number
  /** Returns how many requests were cut off, if known. */
  close(): Promise<number | void>
}

/** Closes, and logs a line before and after. */
export async function closeAndLog(closable: Closable, fields: object, log: Log): Promise<void> {
  const { openRequests } = closable
  log.info({ ...fields, ...(openRequests === undefined ? {} : { openRequests }) }, 'Shutting down')
  const cutOffRequests = await closable.close()
  log.info(cutOffRequests === undefined ? {} : { cutOffRequests }, 'Stopped')
}

/**
 * Starts, and shuts down on SIGTERM, SIGINT and uncaught errors, also if they come while it starts: then once it has. A second
 * signal ends the process at once; so does a shutdown that takes longer than `graceMs`, with status 1. SIGHUP calls `onHangup`
 * with what was started, if given. Rejects as `start` does.
 */
export async function startUntilSignal<T extends Closable>(
  start: () => Promise<T>,
  graceMs: number,
  log: Log,
  onHangup?: (started: T) => void
): Promise<T> {
  const starting = start()
  // `starting` rejects for the caller; here a failed start only means that there is nothing to do.
  if (onHangup !== undefined) process.on('SIGHUP', () => void starting.then(onHangup, () => undefined))
  const skip = onHangup === undefined ? [] : (['SIGHUP'] as const)
  const { uninstall } = closeWithGrace({ delay: graceMs, skip: [...skip] }, async ({ signal, err }) => {
    if (err !== undefined) log.error({ err }, 'The process ends on an error that nobody caught')
    await closeAndLog(await starting, { signal }, log)
  })
  try {
    return await starting
  } catch (error) {
    uninstall()
    throw error
  }
}
