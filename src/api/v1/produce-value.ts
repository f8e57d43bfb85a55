import { GatewayError } from '../../core/errors.ts'
import { SPAN_STRIDE, type RecordTable } from '../../core/record-table.ts'
import type { Query } from '../../http/call.ts'
import { parseType } from '../../http/negotiate.ts'
import { topicParameter } from '../shared/descriptions.ts'
import { partitionNumber, topic } from '../shared/parameters.ts'
import { timestampMs } from './parameters.ts'
import { produce, storeBody } from './produce.ts'
import { JSON_ONLY, type V1Route } from './route.ts'
import { partitionSchema, timestampSchema } from './schemas.ts'

const TYPES = ['application/json', 'text/plain', 'application/octet-stream'] as const

/** One record, whose value is the body as it is sent. */
export const produceValue: V1Route = {
  method: 'POST',
  path: '/v1/producer/topics/{topic}/value',
  permission: { operation: 'write', resource: topic },
  body: { kind: 'whole', types: [...TYPES, '*/*'] },
  offers: JSON_ONLY,
  audit: 'produce_value',
  operation: {
    ...produce.operation,
    id: 'produceValue',
    tag: 'Records',
    summary: 'Store one record, whose value is the body.',
    description:
      'The body is stored to the byte, whatever it is; an empty one is an empty value, not a tombstone. Else as for many records.',
    parameters: [
      topicParameter,
      {
        name: 'key',
        description: 'Key of the record, as text; none unless given.',
        schema: { type: 'string' },
        examples: { key: { summary: 'A key', value: 'parcel-1' } }
      },
      {
        name: 'partition',
        description: 'Where to store it; unless given, where its key says.',
        schema: partitionSchema,
        examples: { first: { summary: 'The first partition', value: 0 } }
      },
      {
        name: 'timestamp',
        description: 'Milliseconds since 1970; else the time of arrival.',
        schema: timestampSchema,
        examples: { time: { summary: 'A time', value: 1_700_000_000_000 } }
      }
    ],
    body: {
      required: true,
      description: 'The value.',
      schema: { description: 'Anything.' },
      examples: { text: { summary: 'Text', value: 'packed' } }
    },
    answers: produce.operation?.answers ?? {},
    errors: [...(produce.operation?.errors ?? []), 'INVALID_PARAMETER']
  },
  handle(call, { gateway }) {
    const { query, headers } = call
    requireType(headers['content-type'])
    const place = placeOf(query)
    return storeBody(call, gateway, bytes => oneRecord(bytes, place))
  }
}

interface RecordPlace {
  readonly key: Buffer | undefined
  readonly partition: number
  readonly timestamp: number
}

function placeOf(query: Query): RecordPlace {
  const key = query.get('key')
  const partition = query.get('partition')
  const timestamp = query.get('timestamp')
  return {
    key: key === null ? undefined : Buffer.from(key),
    partition: partition === null ? -1 : partitionNumber(partition),
    timestamp: timestamp === null ? NaN : timestampMs(timestamp)
  }
}

function oneRecord(body: Buffer, { key, partition, timestamp }: RecordPlace): RecordTable {
  const spans = new Int32Array(SPAN_STRIDE)
  spans.set([body.length, key?.length ?? -1, 0, body.length, partition])
  return {
    bytes: key === undefined ? body : Buffer.concat([body, key]),
    count: 1,
    spans,
    ...(Number.isNaN(timestamp) ? {} : { timestamps: Float64Array.of(timestamp) })
  }
}

function requireType(contentType: string | undefined): void {
  const { type } = parseType(contentType)
  if (type === '' || TYPES.some(each => each === type)) return
  throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', `The body must be declared as ${TYPES.join(', ')}.`)
}
