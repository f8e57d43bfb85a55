import { PageWriter } from '../shared/records/page-writer.ts'
import type { MemberRole, RecordForm } from '../shared/records/record-form.ts'
import { RecordReader } from '../shared/records/record-reader.ts'

/** Whose habits v2 follows where its two peers differ: Confluent REST Proxy or Strimzi Kafka Bridge. */
export type Dialect = 'confluent' | 'strimzi'

/** How keys and values stand in JSON: base64, JSON itself, or text. */
export type Format = 'binary' | 'json' | 'text'

const RULES = { binary: 'base64', json: 'json', text: 'text' } as const

/** In both dialects: Confluent has neither headers nor timestamps in v2, so its clients do not miss the refusal. */
const MEMBERS: Readonly<Record<string, MemberRole>> = {
  key: 'key',
  value: 'value',
  partition: 'partition',
  timestamp: 'timestamp',
  headers: 'headers'
}
const { partition: _, ...MEMBERS_WITHOUT_PARTITION } = MEMBERS

/** Of the schema registry: without meaning in these formats, and ignored by Confluent. */
const SCHEMA_MEMBERS = ['key_schema', 'key_schema_id', 'value_schema', 'value_schema_id']

/**
 * Makes the reader of produce bodies. Make it once, with the route. With the partition in the path, Confluent lets a record
 * name another one, and Strimzi refuses that member.
 */
export function recordReader(dialect: Dialect, format: Format, partitionInPath: boolean): RecordReader {
  return new RecordReader(recordForm(dialect, format, partitionInPath))
}

/** The form behind {@link recordReader}. */
export function recordForm(dialect: Dialect, format: Format, partitionInPath: boolean): RecordForm {
  const strimzi = dialect === 'strimzi'
  return {
    records: 'records',
    mayBeEmpty: strimzi,
    ignored: strimzi ? [] : SCHEMA_MEMBERS,
    members: strimzi && partitionInPath ? MEMBERS_WITHOUT_PARTITION : MEMBERS,
    keys: RULES[format],
    values: RULES[format],
    valueRequired: strimzi,
    headers: { members: { key: 'key', value: 'value' }, values: 'base64' }
  }
}

/** What records that are read have besides topic, key, value, partition and offset. */
export interface Extras {
  readonly timestamps: boolean
  /** Their values in base64. */
  readonly headers: boolean
}

/** Returns a function that makes each writer of records once, when it is asked for. */
export function pageWriters(): typeof pageWriter {
  const made = new Map<string, PageWriter>()
  return (format, extras) => {
    const key = `${format} ${extras.timestamps} ${extras.headers}`
    let writer = made.get(key)
    if (writer === undefined) made.set(key, (writer = pageWriter(format, extras)))
    return writer
  }
}

/** Makes the writer of records in a format. Make it once, not for each page. */
export function pageWriter(format: Format, { timestamps, headers }: Extras): PageWriter {
  return new PageWriter({
    open: '[',
    close: ']',
    topic: true,
    keys: RULES[format],
    values: RULES[format],
    encodings: false,
    timestamps: timestamps ? 'plain' : 'none',
    headers: headers ? 'base64' : 'none'
  })
}
