import { FIND_LIMIT_BYTES } from '../../gateway/gateway.ts'
import { INT32_LIMIT } from '../../http/limits.ts'
import type { Parameter } from '../../http/openapi/operation.ts'
import { startSchema } from './schemas.ts'
import { FIND_CHARACTERS } from './selection.ts'

const STOP = '\\d{1,9}:(\\d{1,15}|latest|@\\d{1,15})'
const [offset, , , time] = startSchema.anyOf
const stops = {
  type: 'string',
  pattern: `^([\\w-]{8};)?${STOP}(,${STOP})*$`,
  description: 'A position: where to stop in each partition that it names.'
} as const
const bytesSchema = { type: 'integer', minimum: 0, maximum: INT32_LIMIT, format: 'int32' } as const
const hundred = { hundred: { summary: 'The first hundred bytes', value: 100 } }

/** Parameters of a read that is to bring less than everything. */
export const selectionParameters: readonly Parameter[] = [
  {
    name: 'until',
    description:
      'Where to stop, exclusive: `"complete":true` says that it is reached everywhere. With a `-N` to begin at, the last N records before it. Partitions that a position does not name are not read.',
    schema: { anyOf: [offset, { enum: ['latest'], description: 'The end as it is now.' }, time, stops] },
    examples: { end: { summary: 'What is there now', value: 'latest' } }
  },
  {
    name: 'key',
    description: 'Only records with this key, as text.',
    schema: { type: 'string' },
    examples: { one: { summary: 'What was written about one parcel', value: 'parcel-1' } }
  },
  {
    name: 'find',
    description:
      'Only records whose value, key or a header holds this text: up to 62 characters, or 250 if all are ASCII. A call looks at `limits.scanBytes` of records, 64 MiB unless configured; a page may then be empty, and go on all the same.',
    schema: {
      anyOf: [
        { type: 'string', minLength: 1, maxLength: FIND_CHARACTERS },
        { type: 'string', pattern: `^[\\x00-\\x7f]{1,${FIND_LIMIT_BYTES}}$` }
      ]
    },
    examples: { word: { summary: 'A word', value: 'packed' } }
  },
  {
    name: 'value_bytes',
    description:
      'How many bytes of each value to send: a longer one comes as base64 of its first bytes, with `value_size`. The page is measured by what is sent.',
    schema: bytesSchema,
    examples: hundred
  },
  {
    name: 'key_bytes',
    description: 'As `value_bytes`, of each key.',
    schema: bytesSchema,
    examples: hundred
  }
]

export const partitionerParameter: Parameter = {
  name: 'partitioner',
  description:
    "With `key`: only the partition is read where Kafka's Java client stores records with that key, and this gateway. Not for topics that have got more partitions since.",
  schema: { enum: ['java'] },
  examples: { java: { summary: 'As the Java client', value: 'java' } }
}
