import type { Route } from '../../http/router.ts'
import { consume } from './consume.ts'
import type { RouteContext } from './context.ts'
import { createTopic } from './create-topic.ts'
import { deleteTopic } from './delete-topic.ts'
import { getPartition } from './get-partition.ts'
import { listBrokers } from './list-brokers.ts'
import { listPartitions } from './list-partitions.ts'
import { listTopics } from './list-topics.ts'
import { produce } from './produce.ts'

/** The API of v1; the most used first. */
export function v1Routes(context: RouteContext): Route[] {
  return [produce, consume, listTopics, listPartitions, getPartition, listBrokers, createTopic, deleteTopic].map(make =>
    make(context)
  )
}
