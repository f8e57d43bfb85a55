import type { Batch } from './batch.ts'
import type { ProduceResult } from './produce-message.ts'

/** What a {@link BrokerSender} sends from: one partition, one batch of it at a time. */
export interface BatchSource {
  readonly topic: string
  readonly partition: number
  /** Could {@link take} hand out a batch now? */
  ready(nowMs: number): boolean
  /** Returns the batch to send next, marked as in flight; null when there is none. */
  take(nowMs: number): Batch | null
  /** Takes in Kafka's answer to the last attempt. */
  answered(batch: Batch, result: ProduceResult, nowMs: number): void
  /** There is no answer, and none will come. False in `mayHaveReached` if certainly no byte has left. */
  lost(batch: Batch, mayHaveReached: boolean, nowMs: number): void
}
