import { PAGE_BYTES } from '../../gateway/consume.ts'
import { PAGE_FRONT_BYTES } from '../shared/records/page-writer.ts'
import { recycleText } from '../shared/records/text-writer.ts'
import { partitionNumber, startOffset, topic, topicName } from '../shared/parameters.ts'
import { encoding, recordCount } from './parameters.ts'
import { writePage } from './record-form.ts'
import { consumeErrorSchema, pageSchema } from './record-schemas.ts'
import { JSON_ONLY, NO_BODY, partitionParameter, topicErrors, topicParameter, type V1Route } from './route.ts'
import { countSchema, encodingSchema, startSchema } from './schemas.ts'

/** Bytes reserved in the budget for each record before the page is read. */
const BYTES_PER_RECORD = 1024
/** The text of a page, and its encrypted copy while the client takes it. */
const COPIES = 2
const nextOffset = {
  description: 'Where the next read goes on; at the end it is where new records will come.',
  schema: { type: 'string', pattern: '^[0-9]+$' },
  always: true
}
const encodingExamples = { base64: { summary: 'Base64 for every record', value: 'base64' } }

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
      'A page ends at `count` records, at 6 MiB of keys and values (but holds at least one record), or at the last stable offset: committed records only. Follow the header `NextOffset`; an empty page means that you are at the end.',
    parameters: [
      topicParameter,
      partitionParameter,
      {
        name: 'offset',
        description: 'A number from 0, or one of the two ends.',
        schema: startSchema,
        examples: {
          number: { summary: 'From an offset on', value: 0 },
          earliest: { summary: 'From the first record that is kept', value: 'earliest' },
          latest: { summary: 'From the end on', value: 'latest' }
        }
      },
      {
        name: 'count',
        description: 'How many records the page may hold.',
        schema: countSchema,
        examples: { hundred: { summary: 'Up to a hundred', value: 100 } }
      },
      {
        name: 'key_encoding',
        description: 'All keys as base64; without it only those that are not UTF-8.',
        schema: encodingSchema,
        examples: encodingExamples
      },
      {
        name: 'value_encoding',
        description: 'All values as base64; without it only those that are not UTF-8.',
        schema: encodingSchema,
        examples: encodingExamples
      }
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
              records: [
                {
                  key: 'parcel-1',
                  value: 'packed',
                  partition: 0,
                  offset: 7,
                  timestamp: 1_700_000_000_000,
                  timestampType: 'CREATE_TIME'
                }
              ]
            }
          },
          end: { summary: 'The end of the partition', value: { records: [] } }
        }
      }
    },
    errors: [
      ...topicErrors,
      'INTERNAL_TOPIC',
      'PARTITION_NOT_FOUND',
      'INVALID_PARTITION',
      'INVALID_OFFSET',
      'OFFSET_OUT_OF_RANGE',
      'INVALID_COUNT',
      'INVALID_ENCODING',
      'CORRUPT_DATA',
      'LEADER_NOT_AVAILABLE',
      'DEADLINE_EXCEEDED'
    ],
    errorSchema: consumeErrorSchema,
    errorHeaders: { 504: { NextOffset: { ...nextOffset, description: 'How far the read came.' } } }
  },
  async handle(call, { gateway }) {
    const { params, query } = call
    const name = topicName(params.topic)
    const partition = partitionNumber(params.partition)
    const from = startOffset(params.offset)
    const count = recordCount(query.get('count'))
    const keys = encoding(query.get('key_encoding'), 'key_encoding')
    const values = encoding(query.get('value_encoding'), 'value_encoding')
    const operation = call.begin()
    // Held until the client has taken the answer: readers that stop reading use up the budget, not the memory.
    call.hold(Math.min(count * BYTES_PER_RECORD, PAGE_BYTES))
    call.reserve()
    return gateway.consume(operation, { topic: name, partition, from, count }, page => {
      call.settle(page.count, page.payloadBytes)
      call.hold(page.payloadBytes * COPIES)
      return {
        status: 200,
        body: writePage(page, { keys, values }),
        headers: { NextOffset: String(page.nextOffset) },
        counted: true,
        recycle: recycleText,
        frontBytes: PAGE_FRONT_BYTES
      }
    })
  }
}
