import { Deadline } from '../../core/deadline.ts'
import { recent } from '../../core/lib/recent.ts'
import type { FetchOffsets } from './ports.ts'

/** How long an answer about a partition spares the next question. */
const REMEMBERED_MS = 60_000
const PARTITIONS_REMEMBERED = 10_000
/** Limits questions in the background: a broker may be slow for another reason, in all its partitions. */
const QUESTIONS_AT_ONCE = 4
const QUESTION_TIMEOUT_MS = 5000

interface LocalPart {
  readonly startOffset: number
  readonly askedMs: number
}

/**
 * Remembers where the local part of each partition's log begins (KIP-405), which decides over which connections a read
 * goes. Whether an empty answer is a gap is always asked again, because segments leave the broker at any time.
 */
export class RemoteParts {
  readonly #offsets: Pick<FetchOffsets, 'localStart'>
  readonly #now: () => number
  /** By topic and partition. Empty unless reads were slow or came back empty. */
  readonly #localParts = recent<string, LocalPart>(PARTITIONS_REMEMBERED)
  #questions = 0

  constructor(offsets: Pick<FetchOffsets, 'localStart'>, now: () => number = () => performance.now()) {
    this.#offsets = offsets
    this.#now = now
  }

  /** Returns whether a read of the offset goes to remote storage, as far as is known. */
  isRemote(topic: string, partition: number, offset: number): boolean {
    if (this.#localParts.size === 0) return false
    const part = this.#localParts.get(`${topic}/${partition}`)
    if (part === undefined || offset >= part.startOffset) return false
    this.suspect(topic, partition)
    return true
  }

  /** Asks the leader whether the offset is in remote storage only; undefined while nobody leads the partition. */
  async ask(topic: string, partition: number, offset: number, deadline: Deadline): Promise<boolean | undefined> {
    const startOffset = await this.#offsets.localStart(topic, partition, deadline)
    if (startOffset === null) return undefined
    this.#remember(`${topic}/${partition}`, startOffset)
    return offset < startOffset
  }

  /** A read was slow: asks in the background where the local part begins, once a minute and partition. */
  suspect(topic: string, partition: number): void {
    const key = `${topic}/${partition}`
    const part = this.#localParts.get(key)
    if (part !== undefined && this.#now() - part.askedMs < REMEMBERED_MS) return
    if (this.#questions >= QUESTIONS_AT_ONCE) return
    this.#questions++
    this.#remember(key, part?.startOffset ?? 0)
    this.ask(topic, partition, 0, Deadline.after(QUESTION_TIMEOUT_MS))
      // Nobody waits for the answer; a slow read asks again after a minute.
      .catch(() => undefined)
      .finally(() => this.#questions--)
  }

  #remember(key: string, startOffset: number): void {
    this.#localParts.set(key, { startOffset, askedMs: this.#now() })
  }
}
