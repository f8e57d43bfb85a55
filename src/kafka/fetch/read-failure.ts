import { type FailureKind, KafkaFailure, type KafkaFailureOptions } from '../kafka-failure.ts'
import type { OffsetBounds } from './ports.ts'

/** Why a read ended without a record. `leaderless` and `unreachable`: so until the deadline. */
export type ReadFailureKind = Extract<
  FailureKind,
  | 'unknownTopic'
  | 'unknownPartition'
  | 'topicRecreated'
  | 'outOfRange'
  | 'refused'
  | 'corrupt'
  | 'leaderless'
  | 'unreachable'
  | 'busy'
>

export interface ReadFailureOptions extends Pick<KafkaFailureOptions, 'detail' | 'cause' | 'kafkaCode' | 'retriable'> {
  readonly bounds?: OffsetBounds
}

/** What keeps a partition from being read. */
export class ReadFailure extends KafkaFailure {
  override readonly name = 'ReadFailure'
  declare readonly kind: ReadFailureKind
  /** What the current leader's log has, if that was `outOfRange`. */
  readonly bounds: OffsetBounds | undefined

  constructor(kind: ReadFailureKind, message: string, { bounds, ...options }: ReadFailureOptions = {}) {
    super(kind, message, options)
    this.bounds = bounds
  }
}
