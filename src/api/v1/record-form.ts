import type { RecordPage } from '../../core/record-page.ts'
import type { RecordTable } from '../../core/record-table.ts'
import type { Cut } from '../shared/records/cut-text.ts'
import { LineReader } from '../shared/records/line-reader.ts'
import { NO_PAGE, type PageForm } from '../shared/records/page-form.ts'
import { PageWriter, type PageText } from '../shared/records/page-writer.ts'
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

const messages = new RecordReader({ ...form, records: null })

/** Reads a message of a WebSocket, as {@link RecordReader.readMessage} does. */
export function parseMessage(text: Buffer, limits: RecordLimits): RecordTable {
  return messages.readMessage(text, limits)
}

/** Reads the lines of a stream of records. */
export const lineReader = new LineReader(form)

/** Reads the body of a produce request, as {@link RecordReader.read} does. */
export function parseProduceBody(body: Buffer, limits: RecordLimits): RecordTable {
  return reader.read(body, limits)
}

export interface PageEncoding {
  /** `auto`: text if the bytes are UTF-8, else base64. */
  readonly keys: 'auto' | 'base64'
  readonly values: 'auto' | 'base64'
}

/** By the encoding of keys, then of values. */
export type PageWriters = Readonly<Record<PageEncoding['keys'], Readonly<Record<PageEncoding['values'], PageWriter>>>>

/** Returns writers of v1's records between the texts of `form`. */
export function pageWriters(form: Pick<PageForm, 'open' | 'between' | 'close' | 'topic'>): PageWriters {
  const writer = (keys: PageEncoding['keys'], values: PageEncoding['values']) =>
    new PageWriter({ ...form, keys, values, encodings: true, timestamps: 'typed', headers: 'auto' })
  return {
    auto: { auto: writer('auto', 'auto'), base64: writer('auto', 'base64') },
    base64: { auto: writer('base64', 'auto'), base64: writer('base64', 'base64') }
  }
}

const pages = pageWriters({ open: '{"records":[', close: ']}', topic: false })
const topicPages = pageWriters({ open: '{"records":[', close: ']', topic: false })

/** Begins a page of many partitions, or of less than everything: what finishes it adds the last members and the brace. */
export function beginPage({ keys, values }: PageEncoding, cut?: Cut): PageText {
  return topicPages[keys][values].begin(NO_PAGE, cut)
}

/** The body of a read, behind memory that is free for the head of its answer. */
export function writePage(page: RecordPage, { keys, values }: PageEncoding): Buffer {
  const text = pages[keys][values].begin(page)
  text.add(page)
  return text.finish()
}
