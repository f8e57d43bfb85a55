import { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import type { Log } from '../../core/log.ts'
import type { Api } from '../../http/api.ts'
import { PROBES, probeRoutes, ROOT, rootRoutes } from './about.ts'
import { consumerRoutes } from './consumers/routes.ts'
import { withStickyCookie } from './consumers/sticky-cookie.ts'
import { createTopic } from './create-topic.ts'
import { v2Error } from './errors.ts'
import { getOffsets } from './get-offsets.ts'
import { getPartition } from './get-partition.ts'
import { getTopic } from './get-topic.ts'
import { listBrokers } from './list-brokers.ts'
import { listPartitions } from './list-partitions.ts'
import { listTopics } from './list-topics.ts'
import { produceRoutes } from './produce.ts'
import { readRecords } from './read-records.ts'
import type { Dialect } from './record-form.ts'
import { served, type V2Route, type V2UseCases } from './route.ts'

export interface V2Options extends Omit<V2UseCases, 'warnings'> {
  readonly log: Log
  /** Whether requests can be served now. */
  readonly ready: () => boolean
  /** Whether `/` is its own; a page may be there. */
  readonly root: boolean
  /** Answers about consumer instances name this process in a cookie. */
  readonly stickyCookie: boolean
}

/** Returns the routes that need a token, in the order of the description. */
export function v2Routes(dialect: Dialect, consumers = consumerRoutes(dialect)): readonly V2Route[] {
  return [
    ...produceRoutes(dialect),
    readRecords(dialect),
    ...consumers,
    listTopics,
    getTopic,
    listPartitions,
    getPartition,
    getOffsets,
    createTopic,
    listBrokers
  ]
}

/** Returns the API of Confluent REST Proxy (v2) and Strimzi Kafka Bridge. Both dialects have the paths of both. */
export function v2Api({ ready, root, log, stickyCookie, ...options }: V2Options): Api {
  const { dialect } = options
  const consumers = consumerRoutes(dialect)
  const routes = v2Routes(dialect, stickyCookie ? withStickyCookie(consumers) : consumers)
  const useCases: V2UseCases = { ...options, warnings: new RepeatedWarnings(log) }
  return {
    version: 'v2',
    prefixes: ['/topics', '/consumers', '/brokers', '/admin/topics', ...PROBES],
    paths: root ? [ROOT] : [],
    trailingSlash: true,
    routes: [
      ...routes.map(route => served(route, useCases)),
      ...probeRoutes(ready),
      ...(root ? rootRoutes(dialect) : [])
    ],
    error: v2Error(dialect)
  }
}
