import { Deadline } from '../../core/deadline.ts'
import { GatewayError } from '../../core/errors.ts'
import { PAGE_BYTES } from '../../gateway/consume.ts'
import type { Query } from '../../http/call.ts'
import { INT32_LIMIT } from '../../http/limits.ts'
import { NO_BODY, topicParameter } from '../shared/descriptions.ts'
import { topic, topicName } from '../shared/parameters.ts'
import { readOrWait } from '../shared/read-or-wait.ts'
import type { Unshown } from '../shared/records/page-form.ts'
import { PAGE_FRONT_BYTES } from '../shared/records/page-writer.ts'
import { recycleText } from '../shared/records/text-writer.ts'
import { ALL_EXTRAS, extrasIn, include } from './extras.ts'
import { PAGE_OFFERS, PAGE_TYPES, pageFormat } from './media-types.ts'
import { pathPartition, startOffset } from './parameters.ts'
import { type Dialect, pageWriters } from './record-form.ts'
import { pageExample, pageSchemaFor } from './record-schemas.ts'
import { partitionParameter, topicErrors, type V2Route } from './route.ts'
import { offsetSchema } from './schemas.ts'

/** What is set aside in the budget for a page before its size is known: many may wait for one. */
const SET_ASIDE_BYTES = 64 * 1024
/** The text of a page, and its encrypted copy while the client takes it. */
const COPIES = 2
const WHOLE_NUMBER = /^-?\d{1,16}$/

const nextOffset = {
  description: 'Where the next read goes on; at the end it is where new records will come.',
  schema: { type: 'string', pattern: '^[0-9]+$' },
  always: true
}

/** Returns the read that needs no consumer, as Redpanda has it: a page from exactly an offset on. */
export function readRecords(dialect: Dialect): V2Route {
  const writerFor = pageWriters()
  return {
    method: 'GET',
    path: '/topics/{topic}/partitions/{partition}/records',
    permission: { operation: 'read', resource: topic },
    body: NO_BODY,
    offers: PAGE_OFFERS,
    audit: 'consume',
    operation: {
      types: PAGE_TYPES,
      id: 'readRecords',
      tag: 'Records',
      summary: 'Read records from an offset on, without a consumer.',
      description:
        'Committed records only. `Accept` says how keys and values are shown; without it, as base64; `application/json` means json. A record that cannot be shown so ends the page before it; a page that would begin with it is 422. Follow the header `NextOffset`.',
      parameters: [
        topicParameter,
        partitionParameter,
        {
          name: 'offset',
          description: 'A number, or one of the two ends.',
          required: true,
          schema: { anyOf: [offsetSchema, { enum: ['earliest', 'latest'] }] },
          examples: { first: { summary: 'From the first record that is kept', value: 'earliest' } }
        },
        {
          name: 'max_bytes',
          description: 'Of keys and values, as they are stored. A page has one record at least, if there is one.',
          schema: { type: 'integer', minimum: 1 },
          examples: { megabyte: { summary: 'A megabyte', value: 1_000_000 } }
        },
        {
          name: 'timeout',
          description:
            'Milliseconds to wait for a first record, up to `limits.waitMs`. The answer comes as soon as there is one; without this, at once.',
          schema: { type: 'integer', minimum: 0 },
          examples: { second: { summary: 'A second', value: 1000 } }
        },
        include
      ],
      answers: {
        200: {
          description: 'A page of records; empty at the end.',
          schema: pageSchemaFor(dialect),
          headers: { NextOffset: nextOffset },
          examples: { page: { summary: 'One record', value: pageExample(dialect) } }
        }
      },
      errors: [
        ...topicErrors,
        'INVALID_PARTITION',
        'PARTITION_NOT_FOUND',
        'INVALID_OFFSET',
        'OFFSET_OUT_OF_RANGE',
        'INVALID_PARAMETER',
        'UNREADABLE_RECORD',
        'CORRUPT_DATA',
        'LEADER_NOT_AVAILABLE',
        'DEADLINE_EXCEEDED'
      ]
    },
    handle(call, { gateway, limits }, type) {
      const { params, query } = call
      const name = topicName(params.topic)
      const partition = pathPartition(params.partition, dialect)
      const from = startOffset(query.get('offset') ?? '')
      const bytes = positiveIn(query, 'max_bytes', PAGE_BYTES)
      const until = Deadline.after(positiveIn(query, 'timeout', limits.waitMs, 0))
      const extras = extrasIn(query)
      const writer = writerFor(pageFormat(type), dialect === 'strimzi' ? ALL_EXTRAS : extras)
      const read = { topic: name, partition, from, count: INT32_LIMIT, bytes }
      const setAsideBytes = Math.min(bytes, SET_ASIDE_BYTES)
      return readOrWait(call, gateway, read, { until, setAsideBytes }, page => {
        call.settle(page.count, page.payloadBytes)
        call.hold(page.payloadBytes * COPIES)
        const text = writer.begin(page)
        const unshown = text.add(page, name)
        if (unshown !== undefined && text.count === 0) throw unreadable(name, unshown)
        return {
          status: 200,
          body: text.finish(),
          headers: {
            'Content-Type': type,
            NextOffset: String(unshown === undefined ? page.nextOffset : unshown.offset)
          },
          counted: true,
          recycle: recycleText,
          frontBytes: PAGE_FRONT_BYTES
        }
      })
    }
  }
}

/** Returns a parameter, at most `limit`; without a positive number, `usual`. */
function positiveIn(query: Query, name: string, limit: number, usual = limit): number {
  const text = query.get(name) ?? '-1'
  if (!WHOLE_NUMBER.test(text)) throw new GatewayError('INVALID_PARAMETER', `${name} must be a whole number.`)
  const value = Number(text)
  return value > 0 ? Math.min(value, limit) : usual
}

function unreadable(name: string, { partition, offset, member, wanted }: Unshown): GatewayError {
  return new GatewayError(
    'UNREADABLE_RECORD',
    `The ${member} of the record at offset ${offset} of partition ${partition} of topic '${name}' is not ${wanted}. Read it as application/vnd.kafka.binary.v2+json, or go on at offset ${offset + 1}.`
  )
}
