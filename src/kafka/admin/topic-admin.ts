import { Deadline } from '../../core/deadline.ts'
import { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import { within } from '../../core/lib/within.ts'
import type { Log } from '../../core/log.ts'
import type { TopicSpec } from '../../core/topic-spec.ts'
import {
  kafkaErrorName,
  NOT_CONTROLLER,
  REASSIGNMENT_IN_PROGRESS,
  REQUEST_TIMED_OUT,
  THROTTLING_QUOTA_EXCEEDED,
  UNKNOWN_TOPIC_OR_PARTITION
} from '../kafka-errors.ts'
import { failureKind, KafkaFailure } from '../kafka-failure.ts'
import type { MetadataCache } from '../metadata/metadata-cache.ts'
import { askMetadata } from '../metadata/metadata-message.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import type { Brokers } from '../transport/brokers.ts'
import { causeText, ThrottledError, TransportError } from '../transport/transport-error.ts'
import { unavailable } from '../transport/unavailable.ts'
import { untilDeadline } from '../transport/until-deadline.ts'
import { LATEST } from './list-offsets-message.ts'
import type { OffsetLookup } from './list-offsets.ts'
import { askCreateTopic, askDeleteTopic, type TopicAnswer } from './topic-messages.ts'

/** The controller has moved, or is busy. It did nothing, so the request may be sent again. */
const ASK_AGAIN: ReadonlySet<number> = new Set([NOT_CONTROLLER, REASSIGNMENT_IN_PROGRESS])
/** The kind of its warnings. */
const CONTROLLER = 'controller'
const POLL_FIRST_MS = 20
const POLL_LIMIT_MS = 200
const RETRY_PAUSE_MS = 100
/** A broker that does not answer for so long counts as unreachable. */
const PATIENCE_MS = 1000

type Attempt = (controller: BrokerChannel, timeoutMs: number) => Promise<TopicAnswer>

/** Creates and deletes topics, and waits until every reachable broker shows the change. */
export class TopicAdmin {
  readonly #brokers: Brokers
  readonly #metadata: MetadataCache
  readonly #offsets: OffsetLookup
  readonly #warnings: RepeatedWarnings

  constructor(brokers: Brokers, metadata: MetadataCache, offsets: OffsetLookup, log: Log) {
    this.#brokers = brokers
    this.#metadata = metadata
    this.#offsets = offsets
    this.#warnings = new RepeatedWarnings(log)
  }

  /** Throws Kafka's refusal as a KafkaFailure, or `notYetVisible` if the topic was created but the deadline passed. */
  async create(name: string, spec: TopicSpec, deadline: Deadline): Promise<void> {
    const answer = await this.#atController(deadline, (controller, timeoutMs) =>
      askCreateTopic(controller, name, spec, timeoutMs)
    )
    if (answer !== null && answer.errorCode !== 0) throw refusal(name, answer, 'create')
    const visible = await this.#until(deadline, () => this.#ledEverywhere(name, deadline))
    if (!visible && answer === null) throw lost()
    if (!visible)
      throw new KafkaFailure('notYetVisible', `Topic '${name}' was created, but is not yet visible everywhere.`)
  }

  /** Throws Kafka's refusal as a KafkaFailure, or `notYetVisible` if the topic was deleted but the deadline passed. */
  async delete(name: string, deadline: Deadline): Promise<void> {
    const answer = await this.#atController(deadline, (controller, timeoutMs) =>
      askDeleteTopic(controller, name, timeoutMs)
    )
    if (answer !== null && answer.errorCode !== 0) throw refusal(name, answer, 'delete')
    const gone = await this.#until(deadline, () => this.#goneEverywhere(name, deadline))
    if (gone) this.#metadata.forget(name)
    if (!gone && answer === null) throw lost()
    if (!gone) throw new KafkaFailure('notYetVisible', `Topic '${name}' was deleted, but is still visible somewhere.`)
  }

  /**
   * Sends the change, and again only if it certainly was not carried out. Returns null if the outcome is unknown; the caller
   * then looks at the topic, because a repeated request would be answered "exists already".
   */
  async #atController(deadline: Deadline, attempt: Attempt): Promise<TopicAnswer | null> {
    let cause: unknown
    const outcome = await untilDeadline(deadline, { firstMs: RETRY_PAUSE_MS }, async () => {
      try {
        const controller = await this.#controller(deadline)
        const asked = attempt(controller, Math.ceil(deadline.remainingMs))
        const answer = await within(deadline, asked, () => new TransportError('no answer in time', true))
        this.#warnings.over(CONTROLLER, {}, 'The controller answers again')
        if (answer.errorCode === REQUEST_TIMED_OUT) return { answer: null }
        // KIP-599: nothing was done, and the throttle time says when to try again.
        if (answer.errorCode === THROTTLING_QUOTA_EXCEEDED)
          throw new ThrottledError('The quota for changes by the controller is used up', controller.mutedMs)
        if (!ASK_AGAIN.has(answer.errorCode)) return { answer }
        cause = kafkaErrorName(answer.errorCode)
      } catch (error) {
        if (!(error instanceof TransportError) || error instanceof ThrottledError) throw error
        this.#warnings.warn(CONTROLLER, { cause: causeText(error), sent: error.sent }, 'The controller did not answer')
        if (error.sent) return { answer: null }
        cause = error
      }
      return undefined
    })
    if (outcome === undefined) throw unavailable('Kafka did not take the request in time; nothing was changed.', cause)
    return outcome.answer
  }

  async #controller(deadline: Deadline): Promise<BrokerChannel> {
    const { controllerId } = await this.#metadata.cluster(deadline)
    if (!this.#brokers.nodes.has(controllerId)) throw new TransportError('The cluster has no controller', false)
    return this.#brokers.channel(controllerId, 'admin')
  }

  async #until(deadline: Deadline, condition: () => Promise<boolean>): Promise<boolean> {
    const pauses = { firstMs: POLL_FIRST_MS, limitMs: POLL_LIMIT_MS }
    const met = await untilDeadline(deadline, pauses, async () => (await condition().catch(unanswered)) || undefined)
    return met === true
  }

  /** Returns whether every reachable broker shows all partitions with a leader, and those leaders answer. */
  async #ledEverywhere(name: string, deadline: Deadline): Promise<boolean> {
    const views = await this.#views(name, deadline)
    const complete = views.every(
      view => view !== null && view.partitions.length > 0 && view.partitions.every(({ leader }) => leader >= 0)
    )
    const [view] = views
    if (!complete || view === null || view === undefined) return false
    await this.#metadata.refresh(name, deadline)
    const partitions = view.partitions.map(({ partition }) => partition)
    const answered = await this.#offsets.offsetsOf(view, partitions, LATEST, 1, deadline)
    return answered.size === partitions.length
  }

  async #goneEverywhere(name: string, deadline: Deadline): Promise<boolean> {
    const views = await this.#views(name, deadline)
    return views.length > 0 && views.every(view => view === null)
  }

  /** Returns how each reachable broker describes the topic; null if it does not know it. */
  async #views(name: string, deadline: Deadline): Promise<(TopicMetadata | null)[]> {
    const patience = Deadline.after(Math.min(PATIENCE_MS, deadline.remainingMs))
    const views = await Promise.all(
      [...this.#brokers.nodes.keys()].map(async (id): Promise<TopicMetadata | null | undefined> => {
        try {
          const asked = askMetadata(this.#brokers.channel(id, 'control'), [name])
          const { topics } = await within(patience, asked, () => new TransportError('no answer in time', true))
          const described = topics.get(name)
          const isUnknown = described === undefined || described.errorCode === UNKNOWN_TOPIC_OR_PARTITION
          return isUnknown ? null : described.topic
        } catch (error) {
          // A broker that throttles is reachable, so its view is waited for.
          if (error instanceof ThrottledError) throw error
          return undefined
        }
      })
    )
    return views.filter(view => view !== undefined)
  }
}

/** Returns false for Kafka's failures: the change is made, so they only mean that it is not visible yet. */
function unanswered(error: unknown): false {
  if (error instanceof KafkaFailure || error instanceof TransportError) return false
  throw error
}

function lost(): KafkaFailure {
  return new KafkaFailure('unreachable', 'Kafka did not confirm the change in time; look before you try again.', {
    retriable: false
  })
}

function refusal(name: string, { errorCode, reason }: TopicAnswer, change: 'create' | 'delete'): KafkaFailure {
  const kind = failureKind(errorCode)
  const detail = `${change} of topic ${name}: ${kafkaErrorName(errorCode)}: ${reason}`
  const failure = (message: string) => new KafkaFailure(kind, message, { detail, kafkaCode: errorCode })
  if (kind === 'topicExists') return failure(`Topic '${name}' exists already.`)
  if (kind === 'unknownTopic') return failure(`Topic '${name}' does not exist.`)
  if (kind === 'refused')
    return failure(`Kafka does not permit ${change === 'create' ? 'creating' : 'deleting'} topic '${name}'.`)
  if (reason !== null && reason !== '') return failure(reason)
  return failure(`Kafka refuses to ${change} topic '${name}' (${kafkaErrorName(errorCode)}).`)
}
