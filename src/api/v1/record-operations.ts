import { Type } from '../../core/json-schema.ts'
import { configSchema } from '../../config/schema.ts'
import type { Described } from '../../http/openapi/operation.ts'
import { bodyErrors, partitionParameter, topicErrors, topicParameter } from './operation-parts.ts'
import { countSchema, encodingSchema, startSchema } from './schemas.ts'
import {
  consumeErrorSchema,
  offsetsSchema,
  pageSchema,
  produceErrorSchema,
  produceRequestSchema
} from './record-schemas.ts'

const defaultOf = (schema: object): string => String(Object.getOwnPropertyDescriptor(schema, 'default')?.value)
const { bodyBytes, recordsPerRequest } = configSchema.properties.limits.properties
const encodingExamples = { base64: { summary: 'Base64 for every record', value: 'base64' } }

export const produceCall: Described = {
  method: 'POST',
  path: '/v1/producer/topics/{topic}',
  isPublic: false,
  operation: {
    id: 'produce',
    tag: 'Records',
    summary: 'Store records.',
    description:
      'The whole request is checked before anything is sent. 200: every record is stored, exactly once, with all in-sync replicas. If some record failed after sending, the answer is the worst failure with `offsets`, which tells of each record whether it is stored. Nothing is deduplicated across requests: after 504, read before you send again.',
    parameters: [topicParameter],
    body: {
      required: true,
      description: `At most ${defaultOf(bodyBytes)} bytes and ${defaultOf(recordsPerRequest)} records, unless \`limits\` of the gateway's configuration say otherwise. It may be gzipped (\`Content-Encoding: gzip\`).`,
      schema: produceRequestSchema,
      examples: {
        text: {
          summary: 'Text, with keys',
          value: {
            records: [
              { key: 'parcel-1', value: 'packed' },
              { key: 'parcel-1', value: 'sent' }
            ]
          }
        },
        json: {
          summary: 'JSON, kept exactly as sent',
          value: { records: [{ key: 'parcel-2', value: { state: 'packed', weight: 1.5 } }] }
        },
        tombstone: {
          summary: 'A tombstone: the value is null',
          value: { records: [{ key: 'parcel-1', value: null }] }
        },
        binary: {
          summary: 'Bytes, as base64',
          value: { records: [{ value: '/wD+', value_encoding: 'base64' }] }
        },
        whole: {
          summary: 'All that a record can have',
          value: {
            records: [
              {
                key: 'cGFyY2VsLTM=',
                key_encoding: 'base64',
                value: 'packed',
                partition: 0,
                timestamp: 1_700_000_000_000,
                headers: [
                  { key: 'source', value: 'depot' },
                  { key: 'trace', value: '/wA=', value_encoding: 'base64' }
                ]
              }
            ]
          }
        }
      }
    },
    answers: {
      200: {
        description: 'Every record is stored.',
        schema: offsetsSchema,
        examples: {
          stored: {
            summary: 'Both records are stored',
            value: {
              offsets: [
                { partition: 0, offset: 7 },
                { partition: 0, offset: 8 }
              ]
            }
          }
        }
      }
    },
    errors: [
      ...bodyErrors,
      ...topicErrors,
      'INTERNAL_TOPIC',
      'INVALID_PARTITION',
      'INVALID_RECORD',
      'INVALID_TIMESTAMP',
      'TOO_MANY_RECORDS',
      'RECORD_TOO_LARGE',
      'INTERNAL_ERROR',
      'LEADER_NOT_AVAILABLE',
      'NOT_ENOUGH_REPLICAS',
      'TOPIC_RECREATED',
      'OUTCOME_UNKNOWN'
    ],
    errorSchema: produceErrorSchema
  }
}

const nextOffset = {
  description: 'Where the next read goes on; at the end it is where new records will come.',
  schema: Type.String({ pattern: '^[0-9]+$' }),
  always: true
}

export const consumeCall: Described = {
  method: 'GET',
  path: '/v1/consumer/topics/{topic}/partitions/{partition}/offsets/{offset}',
  isPublic: false,
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
  }
}
