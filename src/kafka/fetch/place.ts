import type { TopicMetadata } from '../metadata/topic-metadata.ts'

/** Where a reader stands in a partition. */
export interface Place {
  readonly topic: string
  readonly partition: number
  /** Of the next record to read. */
  readonly offset: number
  /** The topic that the offset belongs to; a topic of that name with another id is not read. Not checked if left out. */
  readonly topicId?: Buffer | null | undefined
  /** Where to stop reading, exclusive. */
  readonly until?: number | undefined
}

/** Returns whether the place belongs to a topic that was deleted, while another one has its name now. */
export function isOfAnotherTopic({ topicId }: Place, current: TopicMetadata | null): boolean {
  const currentId = current?.id ?? null
  return topicId !== undefined && topicId !== null && currentId !== null && !topicId.equals(currentId)
}
