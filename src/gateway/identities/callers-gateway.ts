import type { Call } from '../../core/principal.ts'
import type { RecordPage } from '../../core/record-page.ts'
import type { KafkaHealth } from '../../kafka/presence.ts'
import type { FollowRead, Gateway, PageLimits, Position, TopicFollower, WaitLimits } from '../gateway.ts'
import { gatewayError } from '../kafka-failures.ts'
import type { Identities } from './identities.ts'
import type { Identity } from './identity.ts'
import { refusalOf } from './refusal.ts'

/** Returns the use cases as each caller's own identity. While Kafka is known to be unreachable, each rejects at once. */
export function callersGateway(identities: Identities, health: Pick<KafkaHealth, 'ready' | 'outage'>): Gateway {
  const as = async <T>(call: Call, useCase: (gateway: Gateway) => Promise<T>): Promise<T> =>
    asCaller(begun(identities, health, call), ({ gateway }) => useCase(gateway))
  return {
    async produce(call, topic, records, released, options) {
      let use: Use
      try {
        use = begun(identities, health, call)
      } catch (error) {
        released()
        throw error
      }
      return asCaller(use, ({ gateway }) => gateway.produce(call, topic, records, released, options))
    },
    requireTopic: (call, topic) => as(call, gateway => gateway.requireTopic(call, topic)),
    consume: (call, read, use) => as(call, gateway => gateway.consume(call, read, use)),
    awaitRecords: (call, place, until) => as(call, gateway => gateway.awaitRecords(call, place, until)),
    async follow(call, request) {
      const { identity, end } = begun(identities, health, call)
      try {
        return new CallersFollower(await identity.gateway.follow(call, request), identity, end)
      } catch (error) {
        end()
        throw toldOf(identity, error)
      }
    },
    createTopic: (call, topic, spec) => as(call, gateway => gateway.createTopic(call, topic, spec)),
    deleteTopic: (call, topic) => as(call, gateway => gateway.deleteTopic(call, topic)),
    listTopics: call => as(call, gateway => gateway.listTopics(call)),
    listBrokers: call => as(call, gateway => gateway.listBrokers(call)),
    describePartitions: (call, topic) => as(call, gateway => gateway.describePartitions(call, topic)),
    describePartition: (call, topic, partition) =>
      as(call, gateway => gateway.describePartition(call, topic, partition)),
    placements: (call, topic) => as(call, gateway => gateway.placements(call, topic)),
    placement: (call, topic, partition) => as(call, gateway => gateway.placement(call, topic, partition)),
    partitionBounds: (call, topic, partition) => as(call, gateway => gateway.partitionBounds(call, topic, partition)),
    topicConfigs: (call, topic) => as(call, gateway => gateway.topicConfigs(call, topic)),
    ready: () => health.ready
  }
}

interface Use {
  readonly identity: Identity
  readonly end: () => void
}

/** Begins a use of the caller's identity. Throws what {@link Identities.of} throws, or KAFKA_UNAVAILABLE. */
export function begun(identities: Identities, { outage }: Pick<KafkaHealth, 'outage'>, { principal }: Call): Use {
  if (outage !== undefined) throw gatewayError(outage)
  const identity = identities.of(principal)
  return { identity, end: identity.use() }
}

/** Runs work for a caller, as one use of their identity. */
export async function asCaller<T>({ identity, end }: Use, work: (identity: Identity) => Promise<T>): Promise<T> {
  try {
    return await work(identity)
  } catch (error) {
    throw toldOf(identity, error)
  } finally {
    end()
  }
}

/** Returns what the caller is told: that Kafka no longer takes their credentials, whatever came of that. */
function toldOf({ isRefused, caller }: Identity, error: unknown): unknown {
  if (!isRefused) return error
  const challenge = caller.sasl.mechanism === 'OAUTHBEARER' ? BEARER : BASIC
  return refusalOf(caller, 'Kafka no longer takes them', { 'WWW-Authenticate': challenge })
}

/** The challenges of errors that come after the caller was judged. */
const BASIC = 'Basic realm="kafka", charset="UTF-8"'
const BEARER = 'Bearer error="invalid_token"'

/** A follower that counts as a use of its identity until it is closed. */
class CallersFollower implements TopicFollower {
  readonly #follower: TopicFollower
  readonly #identity: Identity
  #end: (() => void) | undefined

  constructor(follower: TopicFollower, identity: Identity, end: () => void) {
    this.#follower = follower
    this.#identity = identity
    this.#end = end
  }

  get position(): Position {
    return this.#follower.position
  }

  get hasMore(): boolean {
    return this.#follower.hasMore
  }

  get isComplete(): boolean {
    return this.#follower.isComplete
  }

  read(deadline: WaitLimits['deadline'], limits: PageLimits, use: (page: RecordPage) => void): Promise<FollowRead> {
    return this.#told(() => this.#follower.read(deadline, limits, use))
  }

  wait(until: WaitLimits): Promise<void> {
    return this.#told(() => this.#follower.wait(until))
  }

  at(position: Position): TopicFollower {
    // Streams that travel together each have a follower that counts.
    return new CallersFollower(this.#follower.at(position), this.#identity, () => undefined)
  }

  close(): void {
    this.#end?.()
    this.#end = undefined
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    let outcome: T
    try {
      outcome = await work()
    } catch (error) {
      throw toldOf(this.#identity, error)
    }
    // A wait that ends without records looks like one that was ended.
    if (this.#identity.isRefused) throw toldOf(this.#identity, undefined)
    return outcome
  }
}
