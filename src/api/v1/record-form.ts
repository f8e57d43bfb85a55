import type { RecordPage } from '../../core/record-page.ts'
import type { RecordTable } from '../../core/record-table.ts'
import { PageWriter } from '../shared/records/page-writer.ts'
import type { RecordForm } from '../shared/records/record-form.ts'
import { RecordReader, type RecordLimits } from '../shared/records/record-reader.ts'

const form: RecordForm = {
  records: 'records',
  mayBeEmpty: false,
  ignored: [],
  members: {
    key: 'key',
    value: 'value',
    partition: 'partition',
    headers: 'headers',
    timestamp: 'timestamp',
    key_encoding: 'keyEncoding',
    value_encoding: 'valueEncoding'
  },
  keys: 'auto',
  values: 'auto',
  valueRequired: true,
  headers: {
    members: { key: 'key', value: 'value', key_encoding: 'keyEncoding', value_encoding: 'valueEncoding' },
    values: 'text'
  }
}

const reader = new RecordReader(form)

/** Reads the body of a produce request, as {@link RecordReader.read} does. */
export function parseProduceBody(body: Buffer, limits: RecordLimits): RecordTable {
  return reader.read(body, limits)
}

export interface PageEncoding {
  /** `auto`: text if the bytes are UTF-8, else base64. */
  readonly keys: 'auto' | 'base64'
  readonly values: 'auto' | 'base64'
}

const pageWriter = (keys: PageEncoding['keys'], values: PageEncoding['values']) =>
  new PageWriter({
    open: '{"records":[',
    close: ']}',
    topic: false,
    keys,
    values,
    encodings: true,
    timestamps: 'typed',
    headers: 'auto'
  })

/** By the encoding of keys, then of values. */
const pageWriters = {
  auto: { auto: pageWriter('auto', 'auto'), base64: pageWriter('auto', 'base64') },
  base64: { auto: pageWriter('base64', 'auto'), base64: pageWriter('base64', 'base64') }
}

/** The body of a read, behind memory that is free for the head of its answer. */
export function writePage(page: RecordPage, { keys, values }: PageEncoding): Buffer {
  const text = pageWriters[keys][values].begin(page)
  text.add(page)
  return text.finish()
}
