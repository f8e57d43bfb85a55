import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { LineTable } from '../../../../src/api/shared/records/line-reader.ts'
import { lineReader, parseProduceBody } from '../../../../src/api/v1/record-form.ts'
import { GatewayError } from '../../../../src/core/errors.ts'
import {
  KEY_LENGTH,
  KEY_START,
  PARTITION,
  SPAN_STRIDE,
  VALUE_LENGTH,
  VALUE_START,
  headersStart,
  type RecordTable
} from '../../../../src/core/record-table.ts'

const LIMITS = { jsonDepth: 20, bodyBytes: 200, recordsPerRequest: 1 }

const read = (text: string | Buffer, limits = LIMITS) =>
  lineReader.read({ bytes: Buffer.from(text), tooLong: [] }, limits)

function recordAt({ bytes, spans, timestamps, headers }: RecordTable, record: number) {
  const at = record * SPAN_STRIDE
  const part = (start: number, length: number) => (length < 0 ? null : bytes.toString('latin1', start, start + length))
  const own: (string | null)[] = []
  if (headers !== undefined)
    for (let each = headersStart(headers, record); each < headers.ends[record]; each += 4)
      own.push(
        part(headers.spans[each], headers.spans[each + 1]),
        part(headers.spans[each + 2], headers.spans[each + 3])
      )
  return {
    key: part(spans[at + KEY_START], spans[at + KEY_LENGTH]),
    value: part(spans[at + VALUE_START], spans[at + VALUE_LENGTH]),
    partition: spans[at + PARTITION],
    timestamp: timestamps === undefined || Number.isNaN(timestamps[record]) ? null : timestamps[record],
    headers: own
  }
}

/** What each line is: a record, an error, or nothing. */
function fates({ table, lines, lineOf, refused }: LineTable): unknown[] {
  const all = Array.from({ length: lines }, (): unknown => null)
  for (let record = 0; record < table.count; record++) all[lineOf?.[record] ?? record] = recordAt(table, record)
  for (const { line, error } of refused) all[line] = error.code
  return all
}

/** The same, by JSON.parse and by the reader of whole bodies, a line at a time. */
function fateOf(line: string): unknown {
  if (/^[ \t\r]*$/.test(line)) return null
  try {
    JSON.parse(line)
  } catch {
    return 'MALFORMED_JSON'
  }
  try {
    return recordAt(parseProduceBody(Buffer.from(`{"records":[${line}\n]}`), { ...LIMITS, jsonDepth: 22 }), 0)
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
}

const LINES = [
  '{"value":1}',
  '{"value":"a\\nb\\u00e4","key":"k"}',
  ' { "value" : { "n": [1, 2.5, "x"] } , "partition": 3 } \r',
  '{"value":null,"timestamp":7}',
  '{"value":"/wD+","value_encoding":"base64","headers":[{"key":"h","value":"1"},{"key":"i","value":null}]}',
  '{"value":1,"headers":[{"key":"h","value":"x"}],"timestamp":"no"}',
  '{"value":1,"timestamp":5,"headers":[{"key":"h","value":"x"},3]}',
  '{"value":"%","value_encoding":"base64","headers":[{"key":"lost","value":"x"}],"timestamp":9}',
  '',
  '  ',
  '{"value":[1,',
  '2]}',
  '{"value":"a',
  'b"}',
  '{"value":1',
  ',"key":2}',
  '{"value":1}{"value":2}',
  '{"value":1},',
  '[{"value":1}]',
  '{}',
  '{"value":1,"value":2}',
  '{"vaule":1}',
  '{"value":1,"partition":-1}',
  'true',
  '"',
  '{"value":1}\0',
  '\0'
]

suite('The reader of lines', () => {
  test('makes of each line what the reader of whole bodies makes of it, whichever lines stand around it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...LINES), { maxLength: 40 }), lines => {
        const table = read(lines.map(line => `${line}\n`).join(''))
        assert.deepEqual(fates(table), lines.map(fateOf))
      }),
      { numRuns: 500 }
    )
  })

  test('never writes outside the lines', () => {
    const around = Buffer.from('\n\n\n{"value":"\\u0041"}\nx\n\n\n')
    lineReader.read({ bytes: around.subarray(3, 22), tooLong: [] }, LIMITS)
    assert.equal(around.toString('latin1', 22), 'x\n\n\n')
    assert.equal(around.toString('latin1', 0, 3), '\n\n\n')
  })

  for (const [line, code, message] of [
    ['{"value":1', 'MALFORMED_JSON', 'The line ends at byte 10, in the middle of a value.'],
    ['{"value":1]', 'MALFORMED_JSON', 'The line is not valid JSON at byte 10.'],
    ['3', 'INVALID_BODY', 'The line must be an object.'],
    ['{"key":1}', 'INVALID_BODY', 'The record has no value; null would be a tombstone.'],
    ['{"value":1,"partition":-1}', 'INVALID_PARTITION', 'partition must be a whole number from 0 to 2147483647.'],
    [`{"value":"${'x'.repeat(200)}"}`, 'BODY_TOO_LARGE', 'The line is longer than 200 bytes.'],
    [
      `{"value":${'['.repeat(20)}${']'.repeat(20)}}`,
      'MALFORMED_JSON',
      'The line nests deeper than 20 levels at byte 28.'
    ],
    ['\ufeff{"value":1}', 'MALFORMED_JSON', 'The line is not valid JSON at byte 0.']
  ])
    test(`counts the bytes of a refused line from its own beginning: ${line.slice(0, 30)}`, () => {
      const { table, refused } = read(`{"value":0}\n\n${line}\n{"value":2}\n`)
      assert.equal(table.count, 2)
      assert.deepEqual(
        refused.map(({ line: number, record, error }) => [number, record, error.code, error.message]),
        [[2, 1, code, message]]
      )
    })

  test('refuses the line that is no UTF-8, and no other', () => {
    const { table, refused, lineOf } = read(
      Buffer.concat([Buffer.from('{"value":"ä"}\n{"value":"'), Buffer.of(0xe4), Buffer.from('"}\n{"value":"ö"}\n')])
    )
    assert.deepEqual([table.count, lineOf], [2, [0, 2]])
    assert.deepEqual([refused[0].line, refused[0].error.message], [1, 'The line is not valid UTF-8.'])
  })

  test('stops after many refused lines, so that nobody waits for the making of their errors', () => {
    const { lines, readBytes, refused } = read('x\n'.repeat(1000))
    assert.deepEqual([lines, readBytes, refused.length], [64, 128, 64])
  })
})
