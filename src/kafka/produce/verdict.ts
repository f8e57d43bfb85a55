import type { RecordFailure } from '../../core/produce-outcome.ts'
import { kafkaCode, UNKNOWN_TOPIC_OR_PARTITION } from '../codes.ts'
import type { Batch } from './batch.ts'
import { leaderMissing, notSentInTime, refused, tooFewReplicas } from './failures.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProduceResult } from './produce-message.ts'

/** Hands an answer to the queue of its partition; `refresh` when it shows that metadata is stale. */
export function applyVerdict(
  queue: PartitionQueue,
  batch: Batch,
  result: ProduceResult,
  nowMs: number
): 'refresh' | 'done' {
  if (result.errorCode === 0) {
    queue.stored(batch, result.baseOffset)
    return 'done'
  }
  const { error, produce, appended } = kafkaCode(result.errorCode)
  switch (produce) {
    case 'stored':
      queue.stored(batch, null)
      return 'done'
    case 'split':
      // Kafka's reason for the whole batch speaks of the batch; that for a record comes with the record.
      queue.rejected(batch, refused(error, null), result.recordErrors)
      return 'done'
    case 'refuse':
      queue.refused(batch, refused(error, null))
      return 'done'
    case 'order':
      queue.outOfOrder(batch, nowMs)
      return 'done'
    case 'session':
      queue.sessionLost(batch)
      return 'done'
    default:
      if (appended === 'no') queue.notAppended(batch, troubleOf(error), nowMs)
      else
        queue.doubtful(
          batch,
          result.errorCode === UNKNOWN_TOPIC_OR_PARTITION ? 'missing' : 'open',
          troubleOf(error),
          nowMs
        )
      return produce === 'refresh' ? 'refresh' : 'done'
  }
}

function troubleOf(error: string): RecordFailure {
  if (error === 'NOT_ENOUGH_REPLICAS') return tooFewReplicas
  return error === 'LEADER_NOT_AVAILABLE' ? leaderMissing : notSentInTime
}
