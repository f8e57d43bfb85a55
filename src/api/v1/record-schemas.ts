import { Type } from '../../core/json-schema.ts'
import { named, orNull } from '../../http/openapi/schema.ts'
import { errorMembers, errorSchema } from './error-schema.ts'
import { offsetSchema, partitionSchema } from './schemas.ts'

/** Schemas of records, in requests and answers. */

const strict = { additionalProperties: false }
/** RFC 4648 §4, canonical: padded, without line breaks and stray bits. */
const BASE64 = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$'

const encoding = (of: string) =>
  Type.Optional(
    Type.Unsafe<'base64' | null>({
      type: ['string', 'null'],
      enum: ['base64', null],
      description: `Given, \`${of}\` is base64 (RFC 4648, section 4, padded).`
    })
  )
/** Returns the schema that `key_encoding` or `value_encoding` adds to a record. */
const whereBase64 = (member: 'key' | 'value') => ({
  if: { properties: { [`${member}_encoding`]: { const: 'base64' } }, required: [`${member}_encoding`] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { properties: { [member]: { type: ['string', 'null'], pattern: BASE64 } } }
})

const newHeader = named(
  'NewHeader',
  Type.Object(
    {
      key: Type.String(),
      value: Type.Optional(orNull(Type.String())),
      key_encoding: encoding('key'),
      value_encoding: encoding('value')
    },
    { ...strict, allOf: [whereBase64('key'), whereBase64('value')] }
  )
)

const newRecord = named(
  'NewRecord',
  Type.Object(
    {
      key: Type.Optional(Type.Unknown({ description: 'As `value`; absent or null: no key.' })),
      value: Type.Unknown({
        description:
          'A string is stored as its text; a number, object, array, true or false as its JSON text exactly as sent; null is a tombstone.'
      }),
      partition: Type.Optional(orNull(partitionSchema)),
      headers: Type.Optional(orNull(Type.Array(newHeader))),
      timestamp: Type.Optional(
        orNull(
          Type.Integer({
            minimum: 0,
            maximum: Number.MAX_SAFE_INTEGER,
            format: 'int64',
            description: 'Milliseconds since 1970; else the time of arrival.'
          })
        )
      ),
      key_encoding: encoding('key'),
      value_encoding: encoding('value')
    },
    {
      ...strict,
      description:
        "Without `partition`, a record with a key goes where Kafka's Java client would send it; those without are spread.",
      allOf: [whereBase64('key'), whereBase64('value')]
    }
  )
)

export const produceRequestSchema = named(
  'ProduceRequest',
  Type.Object({ records: Type.Array(newRecord, { minItems: 1 }) }, strict)
)

const stored = named('StoredRecord', Type.Object({ partition: partitionSchema, offset: offsetSchema }, strict))

const notStored = named(
  'FailedRecord',
  Type.Object(
    {
      partition: partitionSchema,
      ...errorMembers,
      stored: Type.Enum(['no', 'unknown'], {
        description: '`no`: certainly not in Kafka; `unknown`: never, now or a little later.'
      })
    },
    strict
  )
)

export const offsetsSchema = named(
  'Offsets',
  Type.Object({ offsets: Type.Array(stored, { description: 'In the order of the records.' }) })
)

export const produceErrorSchema = named(
  'ProduceError',
  Type.Unsafe<object>({
    description: 'Without `offsets` nothing was stored; with it each record has its own outcome.',
    allOf: [
      errorSchema,
      { type: 'object', properties: { offsets: { type: 'array', items: { oneOf: [stored, notStored] } } } }
    ]
  })
)

const readHeader = named(
  'Header',
  Type.Object({
    key: Type.String(),
    key_encoding: Type.Optional(Type.Enum(['base64'], { description: 'Where the bytes are not UTF-8.' })),
    value: orNull(Type.String()),
    value_encoding: Type.Optional(Type.Enum(['base64'], { description: 'Where the bytes are not UTF-8.' }))
  })
)

const record = named(
  'Record',
  Type.Object({
    key: orNull(Type.String()),
    key_encoding: Type.Optional(
      Type.Enum(['base64'], { description: 'Where the bytes are not UTF-8, or it was asked for.' })
    ),
    value: orNull(Type.String()),
    value_encoding: Type.Optional(
      Type.Enum(['base64'], { description: 'Where the bytes are not UTF-8, or it was asked for.' })
    ),
    partition: partitionSchema,
    offset: offsetSchema,
    timestamp: Type.Integer({
      format: 'int64',
      description: 'Milliseconds since 1970, before it if negative; −1 also where Kafka has none.'
    }),
    timestampType: Type.Enum(['CREATE_TIME', 'LOG_APPEND_TIME']),
    headers: Type.Optional(Type.Array(readHeader, { minItems: 1, description: 'Where the record has some.' }))
  })
)

export const pageSchema = named(
  'Records',
  Type.Object({ records: Type.Array(record, { description: 'By offset; empty at the end.' }) })
)

export const consumeErrorSchema = named(
  'ConsumeError',
  Type.Unsafe<object>({
    allOf: [errorSchema, { type: 'object', properties: { earliest_offset: offsetSchema, latest_offset: offsetSchema } }]
  })
)
