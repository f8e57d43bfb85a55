import { askTopicProperty } from '../admin/topic-messages.ts'
import type { Brokers } from '../transport/brokers.ts'

/** Kafka's default of `max.message.bytes`; brokers that hide theirs are taken to have it. */
const DEFAULT_LIMIT_BYTES = 1_048_588
const BELIEVED_MS = 60_000
const LIMIT_TOPICS = 10_000

interface Known {
  limitBytes: number
  askAgainAtMs: number
}

/**
 * `max.message.bytes` of the topics that are written to. Never waits: the default stands until the topic's own has come,
 * and a batch that proves too large is split.
 */
export class MessageLimits {
  readonly #brokers: Brokers
  readonly #known = new Map<string, Known>()

  constructor(brokers: Brokers) {
    this.#brokers = brokers
  }

  of(topic: string): number {
    let known = this.#known.get(topic)
    if (known === undefined) {
      if (this.#known.size >= LIMIT_TOPICS) this.#known.clear()
      this.#known.set(topic, (known = { limitBytes: DEFAULT_LIMIT_BYTES, askAgainAtMs: 0 }))
    }
    if (Date.now() >= known.askAgainAtMs) {
      known.askAgainAtMs = Date.now() + BELIEVED_MS
      void this.#ask(topic, known)
    }
    return known.limitBytes
  }

  async #ask(topic: string, known: Known): Promise<void> {
    try {
      const value = Number(await askTopicProperty(this.#brokers.anyChannels()[0], topic, 'max.message.bytes'))
      if (Number.isSafeInteger(value) && value > 0) known.limitBytes = value
    } catch {
      // The limit only spares Kafka a batch that it would refuse; asked again in its time.
    }
  }
}
