import { INT32_LIMIT } from '../../http/limits.ts'
import { named, orNull } from '../../http/openapi/schema.ts'
import { errorMembers, errorSchema } from './error-schema.ts'
import { offsetSchema, partitionSchema, positionSchema } from './schemas.ts'

/** Schemas of records, in requests and answers. */

/** RFC 4648 §4, canonical: padded, without line breaks and stray bits. */
const BASE64 = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$'

const encoding = (of: string) =>
  ({
    type: ['string', 'null'],
    enum: ['base64', null],
    description: `Given, \`${of}\` is base64 (RFC 4648, section 4, padded).`
  }) as const
/** Returns the schema that `key_encoding` or `value_encoding` adds to a record. */
const whereBase64 = (member: 'key' | 'value') => ({
  if: { properties: { [`${member}_encoding`]: { const: 'base64' } }, required: [`${member}_encoding`] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { properties: { [member]: { type: ['string', 'null'], pattern: BASE64 } } }
})

const newHeader = named('NewHeader', {
  type: 'object',
  required: ['key'],
  properties: {
    key: { type: 'string' },
    value: orNull({ type: 'string' }),
    key_encoding: encoding('key'),
    value_encoding: encoding('value')
  },
  additionalProperties: false,
  allOf: [whereBase64('key'), whereBase64('value')]
})

const newRecord = named('NewRecord', {
  type: 'object',
  required: ['value'],
  properties: {
    key: { description: 'As `value`; absent or null: no key.' },
    value: {
      description:
        'A string is stored as its text; a number, object, array, true or false as its JSON text exactly as sent; null is a tombstone.'
    },
    partition: orNull(partitionSchema),
    headers: orNull({ type: 'array', items: newHeader }),
    timestamp: orNull({
      type: 'integer',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      format: 'int64',
      description: 'Milliseconds since 1970; else the time of arrival.'
    }),
    key_encoding: encoding('key'),
    value_encoding: encoding('value')
  },
  additionalProperties: false,
  description:
    "Without `partition`, a record with a key goes where Kafka's Java client would send it; those without are spread.",
  allOf: [whereBase64('key'), whereBase64('value')]
})

export const produceRequestSchema = named('ProduceRequest', {
  type: 'object',
  required: ['records'],
  properties: {
    records: { type: 'array', items: newRecord, minItems: 1 }
  },
  additionalProperties: false
})

const stored = named('StoredRecord', {
  type: 'object',
  required: ['partition', 'offset'],
  properties: {
    partition: partitionSchema,
    offset: offsetSchema
  },
  additionalProperties: false
})

const notStored = named('FailedRecord', {
  type: 'object',
  required: ['partition', 'error_code', 'code', 'message', 'retriable', 'stored'],
  properties: {
    partition: partitionSchema,
    ...errorMembers,
    stored: {
      enum: ['no', 'unknown'],
      description: '`no`: certainly not in Kafka; `unknown`: never, now or a little later.'
    }
  },
  additionalProperties: false
})

export const offsetsSchema = named('Offsets', {
  type: 'object',
  required: ['offsets'],
  properties: {
    offsets: { type: 'array', items: stored, description: 'In the order of the records.' }
  }
})

export const produceErrorSchema = named('ProduceError', {
  description: 'Without `offsets` nothing was stored; with it each record has its own outcome.',
  allOf: [
    errorSchema,
    { type: 'object', properties: { offsets: { type: 'array', items: { oneOf: [stored, notStored] } } } }
  ]
})

const readHeader = named('Header', {
  type: 'object',
  required: ['key', 'value'],
  properties: {
    key: { type: 'string' },
    key_encoding: { enum: ['base64'], description: 'Where the bytes are not UTF-8.' },
    value: orNull({ type: 'string' }),
    value_encoding: { enum: ['base64'], description: 'Where the bytes are not UTF-8.' }
  }
})

const size = { type: 'integer', minimum: 1, maximum: INT32_LIMIT, format: 'int32' } as const
const record = named('Record', {
  type: 'object',
  required: ['key', 'value', 'partition', 'offset', 'timestamp', 'timestampType'],
  properties: {
    key: orNull({ type: 'string' }),
    key_encoding: { enum: ['base64'], description: 'Where the bytes are not UTF-8, or it was asked for.' },
    key_size: { ...size, description: 'Of the whole key, where only its first bytes are here.' },
    value: orNull({ type: 'string' }),
    value_encoding: { enum: ['base64'], description: 'Where the bytes are not UTF-8, or it was asked for.' },
    value_size: { ...size, description: 'Of the whole value, where only its first bytes are here.' },
    partition: partitionSchema,
    offset: offsetSchema,
    timestamp: {
      type: 'integer',
      format: 'int64',
      description: 'Milliseconds since 1970, before it if negative; −1 also where Kafka has none.'
    },
    timestampType: { enum: ['CREATE_TIME', 'LOG_APPEND_TIME'] },
    headers: { type: 'array', items: readHeader, minItems: 1, description: 'Where the record has some.' }
  }
})

const selectionMembers = {
  complete: { enum: [true], description: 'Where `until` is reached.' },
  scanned: {
    type: 'integer',
    minimum: 0,
    format: 'int64',
    description: 'Records looked at, where `key` or `find` was given.'
  }
} as const

export const pageSchema = named('Records', {
  type: 'object',
  required: ['records'],
  properties: {
    records: { type: 'array', items: record, description: 'By offset; empty at the end.' },
    ...selectionMembers
  }
})

export const topicPageSchema = named('TopicRecords', {
  type: 'object',
  required: ['records', 'next'],
  properties: {
    records: { type: 'array', items: record, description: 'By offset within a partition; empty at the end.' },
    next: positionSchema,
    ...selectionMembers
  }
})

export const consumeErrorSchema = named('ConsumeError', {
  allOf: [errorSchema, { type: 'object', properties: { earliest_offset: offsetSchema, latest_offset: offsetSchema } }]
})
