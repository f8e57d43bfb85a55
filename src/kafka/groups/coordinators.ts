import { Deadline } from '../../core/deadline.ts'
import { MergedQuestions } from '../../core/lib/merged-questions.ts'
import { recent } from '../../core/lib/recent.ts'
import { within } from '../../core/lib/within.ts'
import {
  COORDINATOR_LOAD_IN_PROGRESS,
  COORDINATOR_NOT_AVAILABLE,
  kafkaErrorName,
  NOT_COORDINATOR,
  UNSTABLE_OFFSET_COMMIT
} from '../kafka-errors.ts'
import { KafkaFailure } from '../kafka-failure.ts'
import { findCoordinator } from '../messages/find-coordinator.ts'
import type { MetadataCache } from '../metadata/metadata-cache.ts'
import type { AnyBroker } from '../transport/any-broker.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import type { Brokers } from '../transport/brokers.ts'
import { exchange } from '../transport/exchange.ts'
import { ThrottledError, TransportError } from '../transport/transport-error.ts'
import { unavailable } from '../transport/unavailable.ts'
import { untilDeadline } from '../transport/until-deadline.ts'
import { groupFailure } from './group-failure.ts'

/** An answer whose error code says whether the right broker was asked. */
export interface CoordinatorAnswer {
  readonly errorCode: number
}

/** Version 4 takes lists (KIP-699); 5 and 6 add transactions and share groups. */
const FIND_COORDINATOR = { ...findCoordinator, min: 1, max: 4 }
const LISTS_SINCE = 4
const GROUP_KEY = 0

const GROUPS_LIMIT = 10_000
/** A coordinator that does not answer for so long may be frozen, and another one in its place; doubled each time. */
const PATIENCE_MS = 2000
const PAUSES = { firstMs: 50, limitMs: 400 }
/** The first question to a new cluster creates the topic of the offsets, so no group has a coordinator for a moment. */
const NOBODY = -1

/** The broker has not loaded the group yet, cannot reach its log, or is not its coordinator: nothing was done. */
export const COORDINATOR_AWAY: ReadonlySet<number> = new Set([
  COORDINATOR_LOAD_IN_PROGRESS,
  COORDINATOR_NOT_AVAILABLE,
  NOT_COORDINATOR
])

/** Which broker coordinates each group: asked in few requests, remembered until that broker says otherwise. */
export class Coordinators {
  readonly #brokers: Brokers
  readonly #metadata: MetadataCache
  readonly #known = recent<string, number>(GROUPS_LIMIT)
  readonly #questions: MergedQuestions<number>
  #onMoved: (group: string) => void = () => undefined

  constructor(brokers: Brokers, anyBroker: AnyBroker, metadata: MetadataCache) {
    this.#brokers = brokers
    this.#metadata = metadata
    this.#questions = new MergedQuestions({
      ask: (groups, deadline) => anyBroker.ask(deadline, channel => askCoordinators(channel, groups)),
      overloaded: () => new KafkaFailure('busy', 'Too many questions wait for Kafka.')
    })
  }

  /**
   * Returns the id of a broker that the gateway knows. Rejects with a TransportError (nothing sent) if the group has no
   * coordinator now, with a GroupFailure if Kafka refuses to name it, and with an `unreachable` KafkaFailure at the deadline.
   */
  async of(group: string, deadline: Deadline): Promise<number> {
    const known = this.#known.get(group)
    if (known !== undefined) return known
    const asked = this.#questions.ask(group, deadline)
    const id = await within(deadline, asked, () => unavailable('Kafka cannot be reached.', 'no answer in time'))
    if (id === NOBODY) throw new TransportError(`Group ${group} has no coordinator at the moment`, false)
    if (!this.#brokers.nodes.has(id)) await this.#metadata.cluster(deadline)
    this.#known.set(group, id)
    return id
  }

  /** `listener` is called whenever a broker does not coordinate the group, has yet to load it, or does not answer. */
  onMoved(listener: (group: string) => void): void {
    this.#onMoved = listener
  }

  /** Asks who coordinates the group now. Rejects as {@link of} does, and then knows what it knew before. */
  async askAgain(group: string, deadline: Deadline): Promise<number> {
    const id = await within(deadline, this.#questions.ask(group, deadline), late)
    if (id !== NOBODY && id !== this.#known.get(group)) this.forget(group)
    return this.of(group, deadline)
  }

  /** Call it when the broker turned out not to be the coordinator, or did not answer. */
  forget(group: string): void {
    this.#known.delete(group)
    this.#onMoved(group)
  }

  /**
   * Calls `call` with a channel to the coordinator until it answers for the group, whoever coordinates it then, and until
   * no open transaction keeps offsets back. An attempt
   * whose fate is not known is made again, so `call` must bear that. Rejects with an `unreachable` KafkaFailure at the
   * deadline, and with whatever else `call` rejects with.
   */
  async ask<Answer extends CoordinatorAnswer>(
    group: string,
    deadline: Deadline,
    channelOf: (brokerId: number) => BrokerChannel,
    call: (channel: BrokerChannel) => Promise<Answer>
  ): Promise<Answer> {
    let cause: unknown
    let patienceMs = PATIENCE_MS
    const answer = await untilDeadline(deadline, PAUSES, async () => {
      try {
        const channel = channelOf(await this.of(group, deadline))
        const patience = Deadline.after(Math.min(patienceMs, deadline.remainingMs))
        const answer = await within(patience, call(channel), late)
        if (!COORDINATOR_AWAY.has(answer.errorCode) && answer.errorCode !== UNSTABLE_OFFSET_COMMIT) return answer
        this.heard(group, answer.errorCode)
        cause = kafkaErrorName(answer.errorCode)
      } catch (error) {
        if (error instanceof ThrottledError || !(error instanceof TransportError)) throw error
        this.forget(group)
        patienceMs *= 2
        cause = error
      }
      return undefined
    })
    if (answer === undefined) throw unavailable("The group's coordinator did not answer in time.", cause)
    return answer
  }

  /** Takes up what an error code says of the coordinator. One that loads the group stays what it is. */
  heard(group: string, errorCode: number): void {
    if (!COORDINATOR_AWAY.has(errorCode)) return
    if (errorCode === NOT_COORDINATOR || errorCode === COORDINATOR_NOT_AVAILABLE) this.forget(group)
    else this.#onMoved(group)
  }
}

function late(): TransportError {
  return new TransportError('The coordinator did not answer in time', true)
}

async function askCoordinators(
  channel: BrokerChannel,
  groups: readonly string[]
): Promise<Map<string, number | Error>> {
  const version = await channel.version(FIND_COORDINATOR.key, FIND_COORDINATOR.min, FIND_COORDINATOR.max)
  const answers = new Map<string, number | Error>()
  const take = (group: string, errorCode: number, reason: string | null, nodeId: number): void => {
    if (errorCode === 0) answers.set(group, nodeId)
    else if (COORDINATOR_AWAY.has(errorCode)) answers.set(group, NOBODY)
    else answers.set(group, groupFailure(group, errorCode, reason))
  }
  if (version >= LISTS_SINCE) {
    const request = { keyType: GROUP_KEY, coordinatorKeys: groups }
    const { coordinators } = await exchange(channel, { ...FIND_COORDINATOR, min: LISTS_SINCE }, request)
    for (const { key, errorCode, errorMessage, nodeId } of coordinators) take(key, errorCode, errorMessage, nodeId)
    return answers
  }
  const single = { ...FIND_COORDINATOR, max: LISTS_SINCE - 1 }
  await Promise.all(
    groups.map(async key => {
      const { errorCode, errorMessage, nodeId } = await exchange(channel, single, { key, keyType: GROUP_KEY })
      take(key, errorCode, errorMessage, nodeId)
    })
  )
  return answers
}
