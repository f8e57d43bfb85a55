import { configSchema } from '../../config/schema.ts'
import type { RecordTable } from '../../core/record-table.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import type { Reply } from '../../http/answer.ts'
import type { HttpCall } from '../../http/call.ts'
import { bodyErrors, topicParameter } from '../shared/descriptions.ts'
import { topic, topicName } from '../shared/parameters.ts'
import { withHeaders } from '../shared/records/added-headers.ts'
import { recycleText } from '../shared/records/text-writer.ts'
import { writeProduceAnswer } from './offsets.ts'
import { linesType, produceLines } from './produce-lines.ts'
import { produceSocket } from './produce-socket.ts'
import { parseProduceBody } from './record-form.ts'
import { offsetsSchema, produceErrorSchema, produceRequestSchema } from './record-schemas.ts'
import { JSON_BODY, JSON_ONLY, topicErrors, type V1Route } from './route.ts'

const defaultOf = (schema: object): string => String(Object.getOwnPropertyDescriptor(schema, 'default')?.value)
const { bodyBytes, recordsPerRequest } = configSchema.properties.limits.properties

export const produce: V1Route = {
  method: 'POST',
  path: '/v1/producer/topics/{topic}',
  permission: { operation: 'write', resource: topic },
  body: JSON_BODY,
  offers: JSON_ONLY,
  answer: 'either',
  upgrades: true,
  audit: 'produce',
  operation: {
    id: 'produce',
    tag: 'Records',
    summary: 'Store records.',
    description:
      'The whole request is checked before anything is sent. 200: every record is stored, exactly once, with all in-sync replicas. If some record failed after sending, the answer is the worst failure with `offsets`, which tells of each record whether it is stored. Nothing is deduplicated across requests: after 504, read before you send again. With `Content-Type: application/x-ndjson` or `application/jsonl` the body is a record a line, without an end if you like, and the answer a stream with a line for each record; `?receipts=errors` leaves out those of stored records. A stream whose client takes no answer for `limits.streamStallMs` ends with `STREAM_STALLED`. A GET with `Upgrade: websocket` opens a WebSocket, on which each message is a record or an array of them.',
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
  },
  handle(call, { gateway, limits }) {
    if (call.isUpgrade) return produceSocket(call, gateway, limits)
    const lines = linesType(call.headers['content-type'])
    if (lines !== undefined) return produceLines(call, gateway, limits, lines)
    return storeBody(call, gateway, bytes => parseProduceBody(bytes, limits))
  }
}

/** Stores the records that `parse` makes of the body, in the topic that the path names. */
export async function storeBody(
  call: HttpCall,
  gateway: Gateway,
  parse: (body: Buffer) => RecordTable
): Promise<Reply> {
  const name = topicName(call.params.topic)
  const reading = call.body()
  const body = reading instanceof Promise ? await reading : reading
  let operation
  let records
  try {
    operation = call.begin()
    records = parse(body.bytes)
    call.charge(records.count, body.bytes.length)
  } catch (error) {
    body.release()
    throw error
  }
  const added = call.trace?.recordHeaders ?? []
  const traced = added.length === 0 ? records : withHeaders(records, added)
  // A batch may outlive the answer, so the gateway releases the body.
  const outcome = await gateway.produce(operation, name, traced, body.release)
  const { status, body: answer, code, retryAfterS } = writeProduceAnswer(outcome)
  return {
    status,
    body: answer,
    code,
    recycle: recycleText,
    ...(retryAfterS === undefined ? {} : { headers: { 'Retry-After': String(retryAfterS) } })
  }
}
