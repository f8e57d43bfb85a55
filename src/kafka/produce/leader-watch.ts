import { Deadline } from '../../core/deadline.ts'
import type { Log } from '../../core/log.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import type { ProducePorts } from './ports.ts'

const REFRESH_LIMIT_MS = 5000
/** Most answers come sooner. A broker that takes longer may be frozen, and its partitions led by others by now. */
const SUSPICIOUS_MS = 1000

/** Asks Kafka who leads a topic: when an answer proves that metadata is stale, and again and again while there is none. */
export class LeaderWatch {
  readonly #ports: Pick<ProducePorts, 'refresh'>
  readonly #log: Log
  readonly #changed: (topic: string, metadata: TopicMetadata | null) => void
  readonly #refreshing = new Set<string>()
  readonly #suspectedAtMs = new Map<string, number>()

  constructor(
    ports: Pick<ProducePorts, 'refresh'>,
    log: Log,
    changed: (topic: string, metadata: TopicMetadata | null) => void
  ) {
    this.#ports = ports
    this.#log = log
    this.#changed = changed
  }

  refresh(topic: string): void {
    if (this.#refreshing.has(topic)) return
    this.#refreshing.add(topic)
    this.#ports
      .refresh(topic, Deadline.after(REFRESH_LIMIT_MS))
      .then(
        metadata => this.#changed(topic, metadata),
        (error: unknown) => this.#log.debug({ topic, cause: String(error) }, 'Metadata could not be refreshed')
      )
      .finally(() => this.#refreshing.delete(topic))
  }

  /** Records of the topic have been under way since then; a leader that keeps silent is looked for once a second. */
  unanswered(topic: string, sinceMs: number, nowMs: number): void {
    if (nowMs - Math.max(sinceMs, this.#suspectedAtMs.get(topic) ?? 0) < SUSPICIOUS_MS) return
    this.#suspectedAtMs.set(topic, nowMs)
    this.refresh(topic)
  }

  /** Nothing is under way any more. */
  rest(): void {
    this.#suspectedAtMs.clear()
  }
}
