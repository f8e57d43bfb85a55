import { Deadline } from '../../core/deadline.ts'
import type { RecordPage } from '../../core/record-page.ts'
import { PAGE_BYTES } from '../../gateway/consume.ts'
import type { Reply } from '../../http/answer.ts'
import type { HttpCall } from '../../http/call.ts'
import { NO_BODY, topicParameter } from '../shared/descriptions.ts'
import { openFollower } from '../shared/follow/open-follower.ts'
import { partitionNumber, topic, topicName } from '../shared/parameters.ts'
import { readOrWait } from '../shared/read-or-wait.ts'
import { PAGE_FRONT_BYTES } from '../shared/records/page-writer.ts'
import { recycleText } from '../shared/records/text-writer.ts'
import { BYTES_PER_RECORD, COPIES } from './page-memory.ts'
import { encodingsIn, numberOf, recordCount, startOffset, waitMs } from './parameters.ts'
import { writePage, type PageEncoding } from './record-form.ts'
import { consumeErrorSchema, pageSchema } from './record-schemas.ts'
import {
  encodingParameters,
  JSON_ONLY,
  partitionParameter,
  recordExample,
  readErrors,
  waitParameter,
  type V1Route
} from './route.ts'
import { countSchema, startSchema } from './schemas.ts'
import { selectionParameters } from './selection-parameters.ts'
import { selectionIn } from './selection.ts'
import { topicPage } from './topic-page.ts'

const nextOffset = {
  description: 'Where the next read goes on; at the end it is where new records will come.',
  schema: { type: 'string', pattern: '^[0-9]+$' },
  always: true
}

export const consume: V1Route = {
  method: 'GET',
  path: '/v1/consumer/topics/{topic}/partitions/{partition}/offsets/{offset}',
  permission: { operation: 'read', resource: topic },
  body: NO_BODY,
  offers: JSON_ONLY,
  audit: 'consume',
  operation: {
    id: 'consume',
    tag: 'Records',
    summary: 'Read records from an offset on.',
    description:
      'A page ends at `count` records, at 6 MiB of keys and values (but holds at least one record), or at the last stable offset: committed records only. Follow the header `NextOffset`; an empty page means that you are at the end, and `wait` has it come with the first records instead.',
    parameters: [
      topicParameter,
      partitionParameter,
      {
        name: 'offset',
        description: 'Where to begin.',
        schema: startSchema,
        examples: {
          number: { summary: 'From an offset on', value: 0 },
          earliest: { summary: 'From the first record that is kept', value: 'earliest' },
          latest: { summary: 'From the end on', value: 'latest' },
          last: { summary: 'The last ten records', value: '-10' },
          since: { summary: 'From a point in time on', value: '@2026-11-29T10:00:00Z' }
        }
      },
      {
        name: 'count',
        description: 'How many records the page may hold.',
        schema: countSchema,
        examples: { hundred: { summary: 'Up to a hundred', value: 100 } }
      },
      waitParameter,
      ...encodingParameters,
      ...selectionParameters
    ],
    answers: {
      200: {
        description: 'A page of records.',
        schema: pageSchema,
        headers: { NextOffset: nextOffset },
        examples: {
          page: {
            summary: 'One record',
            value: {
              records: [recordExample]
            }
          },
          end: { summary: 'The end of the partition', value: { records: [] } }
        }
      }
    },
    errors: [...readErrors, 'PARTITION_NOT_FOUND'],
    errorSchema: consumeErrorSchema,
    errorHeaders: { 504: { NextOffset: { ...nextOffset, description: 'How far the read came.' } } }
  },
  handle(call, { gateway, limits }) {
    const { params, query } = call
    const name = topicName(params.topic)
    const partition = partitionNumber(params.partition)
    const from = startOffset(params.offset)
    const count = recordCount(query.get('count'))
    const encodings = encodingsIn(query)
    const longestMs = waitMs(query.get('wait'), limits.waitMs)
    const selection = selectionIn(query, limits.scanBytes)
    if (selection !== undefined) {
      const request = { topic: name, partition, from: numberOf(from), ...selection.request }
      const page = { count, waitMs: longestMs, encodings, selection, partition }
      return openFollower(call, gateway, request).then(follower => topicPage(call, follower, page))
    }
    const until = Deadline.after(longestMs)
    const setAsideBytes = Math.min(count * BYTES_PER_RECORD, PAGE_BYTES)
    const read = { topic: name, partition, from, count }
    return readOrWait(call, gateway, read, { until, setAsideBytes }, page => pageReply(call, page, encodings))
  }
}

function pageReply(call: HttpCall, page: RecordPage, encodings: PageEncoding): Reply {
  call.settle(page.count, page.payloadBytes)
  call.hold(page.payloadBytes * COPIES)
  return {
    status: 200,
    body: writePage(page, encodings),
    headers: { NextOffset: String(page.nextOffset) },
    counted: true,
    recycle: recycleText,
    frontBytes: PAGE_FRONT_BYTES
  }
}
