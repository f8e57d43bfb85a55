import type { RecordLimits } from '../../src/api/shared/records/record-reader.ts'
import { parseProduceBody } from '../../src/api/v1/record-form.ts'
import { recordReader, type Format } from '../../src/api/v2/record-form.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { RecordTable } from '../../src/core/record-table.ts'
import type { Timed } from './measure.ts'

/** As the server has them by default. */
export const LIMITS: RecordLimits = { jsonDepth: 512, recordsPerRequest: 100_000 }

/** 1000 records of 100 bytes: the kind case. */
export function plainBody(): Buffer {
  return bodyOf(Array.from({ length: 1000 }, (_, at) => `{"value":"${String(at).padStart(100, 'x')}"}`))
}

/** 1000 records of 1 KB each as applications send them: keyed, nested, with numbers, escapes and text beyond ASCII. */
export function nestedBody(): Buffer {
  return bodyOf(Array.from({ length: 1000 }, (_, at) => `{"key":"user-${at}","value":${nestedValue(at)}}`))
}

/** 1 KB of JSON. */
export function nestedValue(at: number): string {
  const item = (n: number) => ({
    sku: `A-${n}-${at}`,
    title: `A "quoted" name, \\ and a\ttab — ${n}`,
    price: 12.5 + n,
    tags: ['new', 'größe', `t${n}`],
    stock: { berlin: n, paris: null, open: true }
  })
  const text = (notes: string) =>
    JSON.stringify({
      id: at,
      at: '2026-01-01T00:00:00Z',
      user: { name: 'Ada', mail: 'ada@example.org' },
      items: [1, 2, 3, 4].map(item),
      notes
    })
  const room = 1024 - Buffer.byteLength(text(''))
  return text('line of text '.repeat(Math.ceil(room / 13)).slice(0, room))
}

export function bodyOf(records: readonly string[]): Buffer {
  return Buffer.from(`{"records":[${records.join(',')}]}`)
}

/** Reads a body as the server does. */
export type ReadBody = (body: Buffer) => RecordTable

export const readV1: ReadBody = body => parseProduceBody(body, LIMITS)

/** A reader of v2, by format. */
export function readV2(format: Format): ReadBody {
  const reader = recordReader('strimzi', format, false)
  return body => reader.read(body, LIMITS)
}

/** The scan decodes in place: it is handed a fresh copy each time. */
export function scanOf(name: string, body: Buffer, read: ReadBody): Timed {
  const copy = Buffer.from(body)
  return { name, prepare: () => void body.copy(copy), run: () => outcomeOf(copy, read) }
}

/** What the server makes of a body: how many records, or which refusal. */
export function outcomeOf(body: Buffer, read: ReadBody): string {
  try {
    return `${read(body).count} records`
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
}
