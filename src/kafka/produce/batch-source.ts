import type { Batch } from './batch.ts'
import type { ProduceResult } from './produce-message.ts'

/** What a {@link BrokerSender} sends from: one partition, one batch of it at a time. */
export interface BatchSource {
  readonly topic: string
  readonly partition: number
  /** Returns whether {@link take} would return a batch. */
  ready(nowMs: number): boolean
  /** Returns the batch to send next, marked as in flight; null when there is none. */
  take(nowMs: number): Batch | null
  /** Call with Kafka's answer to the last attempt. */
  answered(batch: Batch, result: ProduceResult, nowMs: number): void
  /** Call if no answer will come. `mayHaveReached` is false if certainly no byte of the batch was sent. */
  lost(batch: Batch, mayHaveReached: boolean, nowMs: number): void
}
