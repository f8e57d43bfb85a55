import type { Examples, OperationText } from '../../http/openapi/operation.ts'
import { bodyErrors, topicParameter } from '../shared/descriptions.ts'
import { errorSchemaFor } from './error-schema.ts'
import type { Dialect } from './record-form.ts'
import { offsetsExample, offsetsSchemaFor, produceRequestFor } from './record-schemas.ts'
import { partitionParameter, topicErrors } from './route.ts'

const examples: Examples = {
  json: {
    summary: 'JSON, kept exactly as sent',
    value: { records: [{ key: 'parcel-1', value: { state: 'packed', weight: 1.5 } }, { value: null }] }
  },
  whole: {
    summary: 'All that a record can have',
    value: {
      records: [
        {
          key: 'parcel-1',
          value: 'packed',
          timestamp: 1_700_000_000_000,
          headers: [{ key: 'source', value: 'ZGVwb3Q=' }]
        }
      ]
    }
  }
}

const binaryExamples: Examples = {
  binary: {
    summary: 'Bytes, in base64',
    value: { records: [{ key: 'cGFyY2VsLTE=', value: 'cGFja2Vk' }, { value: null }] }
  }
}
const textExamples: Examples = {
  text: { summary: 'Text', value: { records: [{ key: 'parcel-1', value: 'packed' }, { value: null }] } }
}

const isAsync = {
  name: 'async',
  description: '`true`: 204 at once. What fails later is in the log and the metrics of the gateway only.',
  schema: { type: 'boolean' },
  examples: { no: { summary: 'As without it', value: false } }
}

/** Returns what the description says of storing records in a topic, or in the partition that the path names. */
export function produceText(dialect: Dialect, inPath: boolean): OperationText {
  const strimzi = dialect === 'strimzi'
  return {
    id: inPath ? 'produceToPartition' : 'produce',
    tag: 'Records',
    summary: inPath ? 'Store records in one partition.' : 'Store records.',
    description:
      'The body is checked whole before anything is sent. The answer has an entry for each record, and is 200 also if some of them failed, unless `X-Kafka-Rest-Strict: true` asks for the status of the worst one.',
    parameters: [topicParameter, ...(inPath ? [partitionParameter] : []), ...(strimzi ? [isAsync] : [])],
    body: {
      required: true,
      description:
        'As the Content-Type says: application/vnd.kafka.json.v2+json, application/vnd.kafka.binary.v2+json or application/vnd.kafka.text.v2+json; application/json and none at all mean json. It may be gzipped.',
      schema: produceRequestFor(dialect, 'json', inPath),
      examples,
      byType: {
        'application/vnd.kafka.binary.v2+json': {
          schema: produceRequestFor(dialect, 'binary', inPath),
          examples: binaryExamples
        },
        'application/vnd.kafka.text.v2+json': {
          schema: produceRequestFor(dialect, 'text', inPath),
          examples: textExamples
        }
      }
    },
    answers: {
      200: {
        description: 'What became of each record.',
        schema: offsetsSchemaFor(dialect),
        examples: { stored: { summary: 'It is stored', value: offsetsExample(dialect) } }
      },
      ...(strimzi ? { 204: { description: 'With `async=true`: the body is valid, and is being stored.' } } : {})
    },
    errors: [
      ...bodyErrors,
      ...topicErrors,
      'INVALID_PARTITION',
      'PARTITION_NOT_FOUND',
      'TOO_MANY_RECORDS',
      'LEADER_NOT_AVAILABLE',
      // Of a topic that is created on the way (`apis.autoCreateTopics`).
      'INVALID_TOPIC_NAME',
      'INVALID_PARTITION_COUNT',
      'INVALID_REPLICATION_FACTOR',
      'POLICY_VIOLATION',
      // Of a record; of the request, if its status is that of the worst record.
      'INVALID_RECORD',
      'INVALID_TIMESTAMP',
      'RECORD_TOO_LARGE',
      'NOT_ENOUGH_REPLICAS',
      'TOPIC_RECREATED',
      'OUTCOME_UNKNOWN'
    ],
    errorSchema: { anyOf: [errorSchemaFor(dialect), offsetsSchemaFor(dialect)] }
  }
}
