import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { withHeaders } from '../../../../src/api/shared/records/added-headers.ts'
import { parseProduceBody } from '../../../../src/api/v1/record-form.ts'
import { HEADER_STRIDE, headersStart, type RecordTable } from '../../../../src/core/record-table.ts'

const LIMITS = { jsonDepth: 100, recordsPerRequest: 1000 }

function headersOf({ bytes, headers }: RecordTable, record: number): [string, string][] {
  if (headers === undefined) return []
  const found: [string, string][] = []
  for (let at = headersStart(headers, record); at < headers.ends[record]; at += HEADER_STRIDE) {
    const [nameAt, nameLength, valueAt, valueLength] = headers.spans.subarray(at, at + HEADER_STRIDE)
    found.push([
      bytes.toString('utf8', nameAt, nameAt + nameLength),
      bytes.toString('utf8', valueAt, valueAt + valueLength)
    ])
  }
  return found
}

test('each record gets the headers that it lacks behind its own, and nothing else changes', () => {
  const name = fc.constantFrom('a', 'b', 'traceparent', 'tracestate')
  const headers = fc.array(fc.tuple(name, fc.string({ maxLength: 5 })), { maxLength: 4 })
  fc.assert(
    fc.property(fc.array(headers, { minLength: 1, maxLength: 8 }), fc.boolean(), (records, both) => {
      const added: [string, string][] = [
        ['traceparent', '00-x'],
        ...(both ? [['tracestate', 'v=1'] as [string, string]] : [])
      ]
      const sent = records.map((own, at) => ({
        value: `v${at}`,
        ...(own.length === 0 ? {} : { headers: own.map(([key, value]) => ({ key, value })) })
      }))
      const table = parseProduceBody(Buffer.from(JSON.stringify({ records: sent })), LIMITS)
      const result = withHeaders(table, added)
      for (const [record, own] of records.entries()) {
        const lacking = added.filter(([key]) => !own.some(([other]) => other === key))
        assert.deepEqual(headersOf(result, record), [...own, ...lacking])
      }
      assert.deepEqual(result.spans, table.spans)
      assert.ok(result.bytes.subarray(0, table.bytes.length).equals(table.bytes))
    })
  )
})
