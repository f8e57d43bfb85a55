import { NO_BODY, topicParameter } from '../shared/descriptions.ts'
import { openFollower } from '../shared/follow/open-follower.ts'
import { topic, topicName } from '../shared/parameters.ts'
import { followTopic, OFFERS, streamType } from './follow-topic.ts'
import { encodingsIn, followFrom, partitionNumbers, recordCount, waitMs } from './parameters.ts'
import { consumeErrorSchema, topicPageSchema } from './record-schemas.ts'
import { encodingParameters, readErrors, recordExample, waitParameter, type V1Route } from './route.ts'
import { fromSchema, partitionsListSchema, positionSchema, topicCountSchema } from './schemas.ts'
import { partitionerParameter, selectionParameters } from './selection-parameters.ts'
import { selectionIn } from './selection.ts'
import { requireShortPosition, topicPage } from './topic-page.ts'
import { followSocket } from './topic-socket.ts'

const DEFAULT_COUNT = 100
const NEXT = 'Zk3v9aQx;0:8,1:17,2:0'
const nextPosition = {
  description: 'Where the next read goes on, as `from` takes it; left out beyond 4096 characters.',
  schema: positionSchema
}

export const readTopic: V1Route = {
  method: 'GET',
  path: '/v1/consumer/topics/{topic}/records',
  permission: { operation: 'read', resource: topic },
  body: NO_BODY,
  offers: OFFERS,
  answer: 'either',
  upgrades: true,
  audit: 'read_topic',
  operation: {
    id: 'readTopic',
    tag: 'Records',
    summary: 'Read records of a whole topic, or of some of its partitions.',
    description:
      'Records of one partition come in their order; no partition starves another. Give `next` as `from` of the next call. A page ends at `count` records or at 6 MiB of keys and values, whichever partitions they are of. Partitions added later are read from their beginning. With `Accept: text/event-stream`, `application/x-ndjson` or `application/jsonl` the answer is a stream that goes on as records arrive; an event stream goes on at `Last-Event-ID`, and takes neither `count` nor `wait`. `until`, `key`, `find`, `value_bytes` and `key_bytes` bring less than everything, to pages and streams. With `Upgrade: websocket` the records come as messages.',
    parameters: [
      topicParameter,
      {
        name: 'from',
        description: 'Where to begin: the same in all partitions, or a position; `latest` unless given.',
        schema: fromSchema,
        examples: {
          earliest: { summary: 'From the first records that are kept', value: 'earliest' },
          last: { summary: 'The last ten records of each partition', value: '-10' },
          since: { summary: 'From a point in time on', value: '@2026-11-29T10:00:00Z' },
          position: { summary: 'A position written by hand', value: '0:0' }
        }
      },
      {
        name: 'partitions',
        description: 'Which partitions to read; all unless given.',
        schema: partitionsListSchema,
        examples: { first: { summary: 'The first partition', value: 0 } }
      },
      {
        name: 'count',
        description: 'How many records the page may hold.',
        schema: topicCountSchema,
        examples: { ten: { summary: 'Up to ten', value: 10 } }
      },
      waitParameter,
      ...encodingParameters,
      ...selectionParameters,
      partitionerParameter
    ],
    answers: {
      200: {
        description: 'A page of records.',
        schema: topicPageSchema,
        headers: { NextPosition: { ...nextPosition, always: false } },
        examples: {
          page: {
            summary: 'One record',
            value: {
              records: [recordExample],
              next: NEXT
            }
          }
        }
      },
      204: {
        description:
          'To an `EventSource` that comes back to an event stream which had reached `until`: it stays away then.'
      }
    },
    errors: readErrors,
    errorSchema: consumeErrorSchema,
    errorHeaders: { 504: { NextPosition: { ...nextPosition, always: false } } }
  },
  async handle(call, { gateway, limits, convoys }) {
    const { params, query } = call
    const request = {
      topic: topicName(params.topic),
      partitions: partitionNumbers(query.get('partitions')),
      from: followFrom(query.get('from'))
    }
    const encodings = encodingsIn(query)
    const selection = selectionIn(query, limits.scanBytes)
    if (call.isUpgrade) return followSocket(call, gateway, request, encodings, selection)
    const stream = streamType(call.headers.accept)
    if (stream !== undefined)
      return followTopic(call, gateway, convoys, stream, { request, encodings, selection, limitMs: limits.waitMs })
    const page = {
      count: recordCount(query.get('count'), DEFAULT_COUNT),
      waitMs: waitMs(query.get('wait'), limits.waitMs),
      encodings,
      selection
    }
    const follower = await openFollower(call, gateway, { ...request, ...selection?.request })
    requireShortPosition(follower)
    return topicPage(call, follower, page)
  }
}
