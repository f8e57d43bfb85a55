import type { RecordTable } from '../../core/record-table.ts'
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
