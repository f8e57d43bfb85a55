import type { Schema } from '../../core/json-schema.ts'
import { named, orNull } from '../../http/openapi/schema.ts'
import { TOPIC, topicNameSchema } from '../shared/descriptions.ts'
import type { Dialect, Format } from './record-form.ts'
import { offsetSchema, partitionSchema } from './schemas.ts'

/** Schemas of records, as they are sent and returned. */

const text = { type: 'string' } as const
/** Four characters for three bytes; the bits that are left over at the end are zero. */
const BASE64_PATTERN = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw](?:==)?|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=?)?$'
const base64 = { type: ['string', 'null'], pattern: BASE64_PATTERN, description: 'Base64.' } as const

const newHeader = named('NewHeader', {
  type: 'object',
  required: ['key'],
  properties: { key: text, value: base64 },
  additionalProperties: false
})

const VALUES: Readonly<Record<Format, Schema>> = {
  json: { description: 'Anything, kept exactly as sent; null is a tombstone.' },
  binary: {
    ...base64,
    description: 'Base64, with padding or without; null is a tombstone.'
  },
  text: { type: ['string', 'null'], description: 'Text; null is a tombstone.' }
}

/** Returns the schema of a record to store. It has no `partition` if the dialect wants that in the path only. */
function newRecordFor(dialect: Dialect, format: Format, inPath: boolean): Schema {
  const strimzi = dialect === 'strimzi'
  const value = VALUES[format]
  return {
    type: 'object',
    ...(strimzi ? { required: ['value'] } : {}),
    properties: {
      key: { ...value, description: 'As `value`; absent or null: no key.' },
      value,
      ...(strimzi && inPath ? {} : { partition: orNull(partitionSchema) }),
      headers: { type: ['array', 'null'], items: newHeader },
      timestamp: {
        type: ['integer', 'null'],
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        format: 'int64',
        description: 'Milliseconds since 1970; else the time of arrival.'
      }
    },
    additionalProperties: false
  }
}

/** Returns the schema of the body of a produce request. */
export function produceRequestFor(dialect: Dialect, format: Format, inPath: boolean): Schema {
  const strimzi = dialect === 'strimzi'
  const items = newRecordFor(dialect, format, inPath)
  const ignored = { description: 'Of a schema registry; not read in these formats.' }
  return {
    type: 'object',
    required: ['records'],
    properties: {
      records: strimzi ? { type: 'array', items } : { type: 'array', items, minItems: 1 },
      ...(strimzi
        ? {}
        : { key_schema: ignored, key_schema_id: ignored, value_schema: ignored, value_schema_id: ignored })
    },
    additionalProperties: false
  }
}

const errorCode = { type: 'integer', description: 'Why the record is not stored, or not known to be.' } as const
const description = 'In the order of the records.'

const strimziOffsets = named('Offsets', {
  type: 'object',
  required: ['offsets'],
  properties: {
    offsets: {
      type: 'array',
      items: {
        anyOf: [
          {
            type: 'object',
            required: ['partition', 'offset'],
            properties: { partition: partitionSchema, offset: offsetSchema },
            additionalProperties: false
          },
          {
            type: 'object',
            required: ['error_code', 'message'],
            properties: { error_code: errorCode, message: text },
            additionalProperties: false
          }
        ]
      },
      description
    }
  }
})

const confluentOffsets = named('Offsets', {
  type: 'object',
  required: ['offsets', 'key_schema_id', 'value_schema_id'],
  properties: {
    offsets: {
      type: 'array',
      items: {
        type: 'object',
        required: ['partition', 'offset', 'error_code', 'error'],
        properties: {
          partition: orNull(partitionSchema),
          offset: orNull(offsetSchema),
          error_code: orNull(errorCode),
          error: orNull(text)
        }
      },
      description
    },
    key_schema_id: { type: 'null' },
    value_schema_id: { type: 'null' }
  }
})

/** Returns the schema of the answer to a produce request. */
export function offsetsSchemaFor(dialect: Dialect): Schema {
  return dialect === 'strimzi' ? strimziOffsets : confluentOffsets
}

export function offsetsExample(dialect: Dialect): unknown {
  if (dialect === 'strimzi') return { offsets: [{ partition: 0, offset: 7 }] }
  return {
    offsets: [{ partition: 0, offset: 7, error_code: null, error: null }],
    key_schema_id: null,
    value_schema_id: null
  }
}

/** Returns the schema of a page of records. */
export function pageSchemaFor(dialect: Dialect): Schema {
  const always = ['topic', 'key', 'value', 'partition', 'offset']
  return named('Records', {
    type: 'array',
    items: {
      type: 'object',
      required: dialect === 'strimzi' ? [...always, 'timestamp'] : always,
      properties: {
        topic: topicNameSchema,
        key: { description: 'As the format has it; null without a key.' },
        value: { description: 'As the format has it; null for a tombstone.' },
        partition: partitionSchema,
        offset: offsetSchema,
        timestamp: { type: 'integer', format: 'int64', description: 'Milliseconds since 1970.' },
        headers: {
          type: 'array',
          items: { type: 'object', required: ['key', 'value'], properties: { key: text, value: base64 } },
          description: 'If the record has some.'
        }
      }
    }
  })
}

export function pageExample(dialect: Dialect): unknown {
  const record = { topic: TOPIC, key: null, value: 'cGFja2Vk', partition: 0, offset: 7 }
  return [dialect === 'strimzi' ? { ...record, timestamp: 1_700_000_000_000 } : record]
}
