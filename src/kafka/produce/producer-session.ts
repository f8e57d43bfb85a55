/** Producer id and epoch that one partition numbers its batches under. */
export interface ProducerSession {
  readonly producerId: bigint
  readonly epoch: number
}
