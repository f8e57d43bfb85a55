import { kafkaErrorName } from '../kafka-errors.ts'
import { failureKind } from '../kafka-failure.ts'
import type { LeaderHint } from '../metadata/leader-hints.ts'
import { isStaleMetadata } from '../metadata/stale-metadata.ts'
import type { PartitionMetadata, TopicMetadata } from '../metadata/topic-metadata.ts'
import { CorruptRecords } from '../records/corrupt-records.ts'
import { TooManyLargeBatches } from '../records/large-batch.ts'
import type { FetchResult } from './fetch-message.ts'
import type { OffsetBounds } from './ports.ts'
import { ReadFailure } from './read-failure.ts'

/** What keeps a read from going on now. */
export interface Trouble {
  /** `remote`: the leader has not brought the records from remote storage. */
  readonly kind: 'leaderless' | 'unreachable' | 'remote'
  readonly detail: string
  /** Fresh metadata may mend it. */
  readonly stale: boolean
  /** Who leads the partition now, if the broker that was asked names it (KIP-951). */
  readonly hint?: LeaderHint
}

const MESSAGES = {
  leaderless: 'The partition has no leader that answers.',
  unreachable: 'Kafka does not answer.'
} as const

/** Throws a {@link ReadFailure} that no retry mends. */
export function troubleOf({ errorCode }: FetchResult, topic: string, partition: number): Trouble {
  const detail = `Fetch of ${topic}-${partition}: ${kafkaErrorName(errorCode)}`
  if (isStaleMetadata(errorCode)) return leaderless(detail)
  const kind = failureKind(errorCode)
  const options = { detail, kafkaCode: errorCode }
  if (kind === 'refused') throw new ReadFailure('refused', `Kafka does not permit reading topic '${topic}'.`, options)
  if (kind === 'corrupt') throw new ReadFailure('corrupt', 'Kafka finds its own records corrupt.', options)
  return unreachable(detail)
}

export function leaderless(detail: string): Trouble {
  return { kind: 'leaderless', detail, stale: true }
}

export function unreachable(detail: string): Trouble {
  return { kind: 'unreachable', detail, stale: true }
}

export function stillRemote(detail: string): Trouble {
  return { kind: 'remote', detail, stale: false }
}

/** The failure of a read whose trouble lasted until its deadline. */
export function lasting(kind: 'leaderless' | 'unreachable', detail: string): ReadFailure {
  return new ReadFailure(kind, MESSAGES[kind], { detail })
}

export function isWithin({ earliest, logEnd }: OffsetBounds, offset: number): boolean {
  return offset >= earliest && offset <= logEnd
}

export function outOfRange(
  topic: string,
  partition: number,
  offset: number | bigint,
  bounds: OffsetBounds
): ReadFailure {
  const { earliest, lastStable } = bounds
  const message = `Offset ${offset} is out of range: partition ${partition} of topic '${topic}' begins at ${earliest} and ends at ${lastStable}.`
  return new ReadFailure('outOfRange', message, { bounds })
}

/** The failure of a read at an offset that belongs to a topic which was deleted. */
export function recreated(topic: string): ReadFailure {
  const message = `Topic '${topic}' was deleted and created again: the offset belongs to the deleted one.`
  return new ReadFailure('topicRecreated', message, { retriable: false })
}

/** Throws a {@link ReadFailure} if the partition does not exist. */
export function checkPartition(metadata: TopicMetadata | null, topic: string, partition: number): PartitionMetadata {
  if (metadata === null) throw new ReadFailure('unknownTopic', `Topic '${topic}' does not exist.`)
  const found = metadata.partitions[partition]
  if (found !== undefined) return found
  const count = metadata.partitions.length
  throw new ReadFailure('unknownPartition', `Topic '${topic}' has no partition ${partition}; it has ${count}.`)
}

/** Returns what the failure means to a reader. Errors that are not known here are returned as they are. */
export function readFailure(error: unknown): unknown {
  if (error instanceof CorruptRecords)
    return new ReadFailure('corrupt', error.message, { detail: error.detail, cause: error })
  if (error instanceof TooManyLargeBatches)
    return new ReadFailure('busy', 'Too many large batches wait to be decompressed.')
  return error
}
