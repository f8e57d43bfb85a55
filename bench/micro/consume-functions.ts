import { createRecordsBatch, Reader, readRecordsBatch } from '@platformatic/kafka'
import { writePage } from '../../src/api/v1/record-form.ts'
import { pageWriter, type Format } from '../../src/api/v2/record-form.ts'
import {
  PAGE_KEY_LENGTH,
  PAGE_KEY_START,
  PAGE_STRIDE,
  PAGE_VALUE_LENGTH,
  PAGE_VALUE_START,
  type RecordPage
} from '../../src/core/record-page.ts'
import { AbortedFilter } from '../../src/kafka/records/aborted-filter.ts'
import { decodeBatches } from '../../src/kafka/records/decode-batches.ts'
import { PageBuilder } from '../../src/kafka/records/page-builder.ts'
import { nestedValue } from './bodies.ts'
import type { HotFunction } from './hot-function.ts'

const COUNT = 1000
const NO_LIMIT = { records: 1e6, bytes: 1e9 }

/** What a read goes through, in its order. */
export function consumeFunctions(): HotFunction[] {
  const plain = batchOf(at => ({ value: Buffer.from(String(at).padStart(100, 'x')) }))
  const nested = batchOf(at => ({ key: Buffer.from(`user-${at}`), value: Buffer.from(JSON.stringify(valueOf(at))) }))
  return [
    decode('positions in a batch, 1000 × 100 B', plain),
    page('page as text, 1000 × 100 B', plain, 'auto'),
    page('page as text, 1000 × 1 KB JSON', nested, 'auto'),
    page('page as base64, 1000 × 100 B', plain, 'base64'),
    pageOfV2(
      'page of v2, json, 1000 × 1 KB nested',
      batchOf(at => ({ value: Buffer.from(nestedValue(at)) })),
      'json'
    ),
    pageOfV2(
      'page of v2, json, 1000 × 100 B',
      batchOf(at => ({ value: Buffer.from(smallValue(at)) })),
      'json'
    ),
    pageOfV2('page of v2, binary, 1000 × 100 B', plain, 'binary'),
    pageOfV2('page of v2, text, 1000 × 100 B', plain, 'text')
  ]
}

const smallValue = (at: number) => JSON.stringify({ id: at, user: 'ada', tags: ['a', 'b'], text: 'x'.repeat(50) })

function valueOf(at: number) {
  return { id: at, title: 'a "quoted" name', tags: ['new', 'größe'], notes: 'line of text\n'.repeat(72) }
}

function batchOf(recordAt: (at: number) => { key?: Buffer; value: Buffer }): Buffer {
  const messages = Array.from({ length: COUNT }, (_, at) => ({ topic: 't', timestamp: 1n, ...recordAt(at) }))
  return Buffer.from(createRecordsBatch(messages, { producerId: -1n, compression: 'none' }).buffer)
}

function pageOf(batch: Buffer): RecordPage {
  const page = new PageBuilder(0, 0, NO_LIMIT)
  decodeBatches(batch, new AbortedFilter([]), page, Number.MAX_SAFE_INTEGER)
  return page.build()
}

function decode(name: string, batch: Buffer): HotFunction {
  return {
    name,
    records: COUNT,
    bytes: batch.length,
    run: () => pageOf(batch),
    twin: { name: "client library's", run: () => readRecordsBatch(Reader.from(batch)) }
  }
}

function page(name: string, batch: Buffer, encoding: 'auto' | 'base64'): HotFunction {
  const page = pageOf(batch)
  const encodings = { keys: encoding, values: encoding }
  const form = encoding === 'auto' ? 'utf8' : 'base64'
  const record = (at: number) => {
    const start = at * PAGE_STRIDE
    const part = (from: number, length: number) =>
      page.spans[start + length] < 0
        ? null
        : page.chunks[0].toString(form, page.spans[start + from], page.spans[start + from] + page.spans[start + length])
    return {
      key: part(PAGE_KEY_START, PAGE_KEY_LENGTH),
      value: part(PAGE_VALUE_START, PAGE_VALUE_LENGTH),
      ...(encoding === 'auto' ? {} : { value_encoding: 'base64' }),
      partition: page.partition,
      offset: page.offsets[at],
      timestamp: page.timestamps[at],
      timestampType: 'CREATE_TIME'
    }
  }
  const obvious = () =>
    Buffer.from(JSON.stringify({ records: Array.from({ length: page.count }, (_, at) => record(at)) }))
  return {
    name,
    records: COUNT,
    bytes: batch.length,
    run: () => writePage(page, encodings),
    twin: { name: 'JSON.stringify', run: obvious }
  }
}

function pageOfV2(name: string, batch: Buffer, format: Format): HotFunction {
  const page = pageOf(batch)
  const writer = pageWriter(format, { timestamps: false, headers: false })
  const value = (at: number) => {
    const start = at * PAGE_STRIDE
    const bytes = page.chunks[0].subarray(
      page.spans[start + PAGE_VALUE_START],
      page.spans[start + PAGE_VALUE_START] + page.spans[start + PAGE_VALUE_LENGTH]
    )
    return format === 'binary'
      ? bytes.toString('base64')
      : format === 'text'
        ? bytes.toString()
        : JSON.parse(bytes.toString())
  }
  const record = (at: number) => ({ topic: 't', key: null, value: value(at), partition: 0, offset: page.offsets[at] })
  return {
    name,
    records: COUNT,
    bytes: batch.length,
    run: () => {
      const text = writer.begin(page)
      text.add(page, 't')
      return text.finish()
    },
    twin: {
      name: format === 'json' ? 'JSON.parse, stringify' : 'JSON.stringify',
      run: () => Buffer.from(JSON.stringify(Array.from({ length: page.count }, (_, at) => record(at))))
    }
  }
}
