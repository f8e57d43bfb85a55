import type { Log } from '../../../src/core/log.ts'
import type { FetchChannel } from '../../../src/kafka/fetch/ports.ts'
import type { TopicMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import type { AbortedTransaction } from '../../../src/kafka/records/aborted-filter.ts'
import { TransportError } from '../../../src/kafka/transport/transport-error.ts'
import {
  isolationOf,
  readRequest,
  waitMsOf,
  writeResponse,
  type AnsweredPartition,
  type AskedPartition
} from './wire.ts'

export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined
}

/** What a leader stores of one partition. */
export interface ModelLog {
  readonly batches: readonly Buffer[]
  readonly lastStableOffset: number
  readonly startOffset?: number
  readonly endOffset?: number
  readonly aborted?: readonly AbortedTransaction[]
}

/** What a broker answers for a partition, as far as it differs from an empty one. */
export type Answer = (
  asked: AskedPartition,
  first: boolean,
  version: number,
  isolation: number
) => Partial<AnsweredPartition>

/** Answers as a leader does: from the batch that holds the offset, the first one of a request whole (KIP-74). */
export function leaderOf(log: ModelLog): Answer {
  const { lastStableOffset, startOffset = 0, endOffset = log.lastStableOffset } = log
  return ({ offset, maxBytes }, first) => {
    if (offset < startOffset || offset > endOffset) return { errorCode: 1, lastStableOffset: -1 }
    const from = log.batches.findIndex(batch => lastOffsetOf(batch) >= offset)
    const wanted = from < 0 ? [] : log.batches.slice(from).filter(batch => baseOffsetOf(batch) < lastStableOffset)
    const bytes = Buffer.concat(wanted)
    const whole = first && wanted.length > 0 ? wanted[0].length : 0
    const end = Math.max(maxBytes, whole)
    const aborted = (log.aborted ?? []).filter(({ firstOffset }) => firstOffset < lastStableOffset)
    return { lastStableOffset, startOffset, aborted, records: bytes.subarray(0, end) }
  }
}

const baseOffsetOf = (batch: Buffer) => Number(batch.readBigInt64BE(0))
const lastOffsetOf = (batch: Buffer) => baseOffsetOf(batch) + batch.readInt32BE(23)

interface Request {
  readonly version: number
  readonly partitions: readonly AskedPartition[]
  readonly waitMs: number
  readonly isolation: number
  readonly body: Buffer
  /** Answers as the partitions do, or with these bytes. */
  answer(bytes?: Buffer): void
  fail(): void
}

/** One connection: answers by itself unless it is held. */
export class ModelChannel implements FetchChannel {
  readonly requests: Request[] = []
  /** Keeps requests until the test answers them. */
  held = false
  connected = true
  resting = false
  readonly #newest: number
  readonly #answer: Answer

  constructor(answer: Answer, newest = 17) {
    this.#answer = answer
    this.#newest = newest
  }

  versionNow(_apiKey: number, _min: number, max: number): number {
    return this.connected ? Math.min(max, this.#newest) : -1
  }

  version(_apiKey: number, _min: number, max: number): Promise<number> {
    if (!this.connected) return Promise.reject(new TransportError('not reachable', false))
    return Promise.resolve(Math.min(max, this.#newest))
  }

  throttled(): void {}

  send(
    _apiKey: number,
    version: number,
    _flexible: boolean,
    body: Buffer,
    callback: (error: Error | null, response: Buffer | null) => void,
    allocate: (bytes: number) => Buffer
  ): void {
    const answer = (bytes: Buffer) => {
      const response = allocate(bytes.length).subarray(0, bytes.length)
      response.set(bytes)
      callback(null, response)
    }
    const partitions = readRequest(version, body)
    const request: Request = {
      version,
      partitions,
      waitMs: waitMsOf(version, body),
      isolation: isolationOf(version, body),
      body,
      answer: bytes => answer(bytes ?? this.#respond(version, partitions, isolationOf(version, body))),
      fail: () => callback(new TransportError('connection lost', true), null)
    }
    this.requests.push(request)
    if (!this.held) setImmediate(() => request.answer())
  }

  #respond(version: number, partitions: readonly AskedPartition[], isolation: number): Buffer {
    let first = true
    const answers = partitions.map(asked => {
      const given = this.#answer(asked, first, version, isolation)
      const answer: AnsweredPartition = {
        ...asked,
        errorCode: 0,
        highWatermark: given.lastStableOffset ?? 0,
        lastStableOffset: 0,
        startOffset: 0,
        aborted: [],
        preferredReadReplica: -1,
        records: Buffer.alloc(0),
        ...given
      }
      if (answer.records.length > 0) first = false
      return answer
    })
    return writeResponse(version, answers)
  }
}

export const TOPIC_ID = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')

export function topicLedBy(leaders: readonly number[], id: Buffer | null = TOPIC_ID): TopicMetadata {
  const partitions = leaders.map((leader, partition) => ({ partition, leader, leaderEpoch: 4, replicas: [], isr: [] }))
  return { name: 'orders', id, isInternal: false, partitions }
}
