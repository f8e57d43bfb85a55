import { Deadline } from '../../core/deadline.ts'
import { MergedQuestions } from '../../core/lib/merged-questions.ts'
import { recent } from '../../core/lib/recent.ts'
import { askTopicProperty } from '../admin/topic-messages.ts'
import type { AnyBroker } from '../transport/any-broker.ts'
import { TransportError } from '../transport/transport-error.ts'

/** Kafka's default of `max.message.bytes`; used too if Kafka does not let the gateway read a topic's own. */
const DEFAULT_LIMIT_BYTES = 1_048_588
const BELIEVED_MS = 60_000
const ASK_LIMIT_MS = 5000
const TOPICS_LIMIT = 10_000

interface TopicLimit {
  limitBytes: number
  askAgainAtMs: number
}

/**
 * `max.message.bytes` of the topics that are written to. Never waits: uses the default until the topic's own is known. A batch
 * that proves too large is split.
 */
export class MessageLimits {
  readonly #limits = recent<string, TopicLimit>(TOPICS_LIMIT)
  readonly #questions: MergedQuestions<string>

  constructor(anyBroker: AnyBroker) {
    this.#questions = new MergedQuestions({
      ask: (names, deadline) =>
        anyBroker.ask(deadline, channel => askTopicProperty(channel, names, 'max.message.bytes')),
      overloaded: () => new TransportError('Too many questions about topics wait for Kafka', false)
    })
  }

  of(topic: string): number {
    let limit = this.#limits.get(topic)
    if (limit === undefined) this.#limits.set(topic, (limit = { limitBytes: DEFAULT_LIMIT_BYTES, askAgainAtMs: 0 }))
    if (Date.now() >= limit.askAgainAtMs) {
      limit.askAgainAtMs = Date.now() + BELIEVED_MS
      void this.#ask(topic, limit)
    }
    return limit.limitBytes
  }

  async #ask(topic: string, limit: TopicLimit): Promise<void> {
    try {
      const value = Number(await this.#questions.ask(topic, Deadline.after(ASK_LIMIT_MS)))
      if (Number.isSafeInteger(value) && value > 0) limit.limitBytes = value
    } catch {
      // Without the limit Kafka refuses batches that are too large, and they are split. It is asked for again in a minute.
    }
  }
}
