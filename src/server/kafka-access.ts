import type { KafkaCallers } from '../auth/kafka-proof.ts'
import { judgedByKafka } from '../config/issuers.ts'
import type { Config } from '../config/schema.ts'
import { ByteBudget } from '../core/byte-budget.ts'
import type { KafkaIdentity } from '../core/kafka-identity.ts'
import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/meter.ts'
import { clusterGateway } from '../gateway/cluster-gateway.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { CallersConsumers } from '../gateway/identities/callers-consumers.ts'
import { callersGateway } from '../gateway/identities/callers-gateway.ts'
import { Identities, type MakeIdentity } from '../gateway/identities/identities.ts'
import { Identity } from '../gateway/identities/identity.ts'
import { KafkaProofs } from '../gateway/identities/kafka-proofs.ts'
import { clusterConsumers } from '../gateway/instances/cluster-consumers.ts'
import type { ConsumerUseCases } from '../gateway/instances/consumers.ts'
import { Cluster, type ClusterSettings } from '../kafka/cluster.ts'
import { configuredCredentials, configuredIdentity } from '../kafka/configured-identity.ts'
import { type KafkaHealth, Presence } from '../kafka/presence.ts'
import { parseAddress } from '../kafka/transport/brokers.ts'
import { showCredentials } from '../kafka/transport/show-credentials.ts'
import type { IdentityFacts } from '../telemetry/identity-readings.ts'

/** Kafka, as the gateway for everybody or as each caller. */
export interface KafkaAccess {
  readonly gateway: Gateway
  readonly consumers: ConsumerUseCases
  readonly health: Pick<KafkaHealth, 'ready' | 'trouble'>
  /** Set with `kafka.identity: caller`, as are their metrics, and what one of them may have of the limits. */
  readonly callers?: KafkaCallers
  readonly identities?: IdentityFacts
  readonly shares?: { readonly inFlightBytes: number; readonly streams: number }
  /** Resolves after the first attempt to reach Kafka. */
  start(): Promise<void>
  /** Resolves once all that is under way has ended. */
  close(): Promise<void>
}

export function openKafka(config: Config, log: Log, meter: Meter): KafkaAccess {
  return config.kafka.identity === 'caller' ? asCallers(config, log, meter) : asGateway(config, log, meter)
}

function asGateway(config: Config, log: Log, meter: Meter): KafkaAccess {
  const { kafka, consumers: options, limits } = config
  const { joinConnections } = options
  const cluster = new Cluster({ ...kafka, joinConnections }, configuredIdentity(kafka), log, meter)
  const consumers = clusterConsumers(cluster, { ...options, waitMs: limits.waitMs }, log, meter)
  return {
    gateway: clusterGateway(cluster, meter),
    consumers,
    health: cluster,
    start: () => cluster.start(),
    async close() {
      await consumers.close()
      await cluster.close()
    }
  }
}

/** Idle connections of an identity close after so long. */
const CONNECTION_IDLE_MS = 60_000

function asCallers(config: Config, log: Log, meter: Meter): KafkaAccess {
  const { kafka, limits } = config
  const { most, idleMs, believeMs, share } = kafka.identities
  const own = configuredIdentity(kafka)
  const proofs = provingBy(config, own, key => identities.refuse(key), log)
  const identities: Identities = new Identities(
    { most, idleMs },
    identityMaker(config, own, log, meter, () => consumers),
    key => proofs.forget(key)
  )
  // By its own SASL, where it has one, the gateway looks after Kafka as ever, but writes nothing.
  const health: KafkaHealth =
    own.sasl === undefined
      ? new Presence(kafka, own, () => identities.brokers, log)
      : new Cluster(kafka, own, log, meter)
  const consumers = new CallersConsumers(identities, health)
  return {
    gateway: callersGateway(identities, health),
    consumers,
    health,
    callers: {
      proof: proofs,
      believeMs,
      mechanism: judgedByKafka(config) ? kafka.callerMechanism : undefined,
      tokenAudience: kafka.tokenAudience,
      credentials: configuredCredentials(kafka.credentials, kafka.connectTimeoutMs),
      identityMap: kafka.identityMap
    },
    identities: { pool: identities, attempts: () => proofs.counts },
    shares: { inFlightBytes: partOf(limits.inFlightBytes, share), streams: partOf(limits.streams, share) },
    start: () => (health instanceof Cluster ? health.start({ writes: false }) : health.start()),
    async close() {
      await identities.close()
      await health.close()
    }
  }
}

/** Shows identities to the bootstrap servers, another one first each time. */
function provingBy(
  { kafka, limits }: Config,
  own: KafkaIdentity,
  onRefused: (key: string) => void,
  log: Log
): KafkaProofs {
  const servers = kafka.bootstrapServers.map(parseAddress)
  const { believeMs } = kafka.identities
  let turn = 0
  return new KafkaProofs(
    ({ sasl }, deadline) => {
      const first = turn++ % servers.length
      const ordered = [...servers.slice(first), ...servers.slice(0, first)]
      return showCredentials(kafka, callerIdentity(own, sasl), ordered, deadline)
    },
    { believeMs, timeLimitMs: limits.requestTimeoutMs, onRefused },
    log
  )
}

/** On a listener with SASL a certificate names nobody, but the broker may want one. */
function callerIdentity({ certificate }: KafkaIdentity, sasl: NonNullable<KafkaIdentity['sasl']>): KafkaIdentity {
  return { ...(certificate === undefined ? {} : { certificate }), sasl, owner: 'caller' }
}

const partOf = (whole: number, percent: number): number => Math.ceil((whole * percent) / 100)

/** Makes identities that share the limits of the process, with few connections each. */
function identityMaker(
  config: Config,
  own: KafkaIdentity,
  log: Log,
  meter: Meter,
  all: () => Pick<ConsumerUseCases, 'held' | 'waits'>
): MakeIdentity {
  const { kafka, consumers: options, limits } = config
  const part = (whole: number) => partOf(whole, kafka.identities.share)
  const settings: ClusterSettings = {
    ...kafka,
    joinConnections: options.joinConnections,
    produceConnectionsPerBroker: 1,
    fetchConnectionsPerBroker: 1,
    connectionIdleMs: CONNECTION_IDLE_MS,
    warnings: new RepeatedWarnings(log),
    fetchCacheBytes: part(kafka.fetchCacheBytes),
    cacheBudget: new ByteBudget(kafka.fetchCacheBytes)
  }
  return (caller, onRefused) => {
    const cluster = new Cluster(settings, callerIdentity(own, caller.sasl), log, meter)
    cluster.onRefused(onRefused)
    const shared = {
      ...options,
      waitMs: limits.waitMs,
      // Whatever the others leave of the whole, up to its own part.
      get instances() {
        return Math.min(part(options.instances), options.instances - all().held + identity.instances)
      },
      get waits() {
        return Math.min(part(options.waits), options.waits - all().waits + identity.waits)
      }
    }
    const identity: Identity = new Identity(caller, cluster, {
      gateway: clusterGateway(cluster, meter),
      consumers: () => clusterConsumers(cluster, shared, log, meter)
    })
    return identity
  }
}
