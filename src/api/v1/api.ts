import type { Api } from '../../http/api.ts'
import { boundTo } from '../../http/route.ts'
import { Convoys } from '../shared/follow/convoy.ts'
import { consume } from './consume.ts'
import { createTopic } from './create-topic.ts'
import { deleteTopic } from './delete-topic.ts'
import { v1Error } from './errors.ts'
import { getPartition } from './get-partition.ts'
import { listBrokers } from './list-brokers.ts'
import { listPartitions } from './list-partitions.ts'
import { listTopics } from './list-topics.ts'
import { produceValue } from './produce-value.ts'
import { produce } from './produce.ts'
import { readTopic } from './read-topic.ts'
import type { V1Route, V1UseCases } from './route.ts'

/** In the order of the description. */
export const v1Routes: readonly V1Route[] = [
  produce,
  produceValue,
  consume,
  readTopic,
  listTopics,
  createTopic,
  deleteTopic,
  listPartitions,
  getPartition,
  listBrokers
]

/** The API of Azure HDInsight's Kafka REST proxy, with additions. */
export function v1Api(useCases: V1UseCases): Api {
  return {
    version: 'v1',
    prefixes: ['/v1/'],
    routes: boundTo({ ...useCases, convoys: new Convoys() }, v1Routes),
    error: v1Error
  }
}
