import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { createLogger } from '../../src/telemetry/logger.ts'
import { requestLine } from '../../src/telemetry/request-line.ts'

const line = {
  requestId: 'r-1',
  method: 'GET',
  path: '/v1/metadata/topics',
  status: 200,
  code: undefined,
  principal: 'caller-1',
  traceId: undefined,
  bytesIn: 0,
  bytesOut: 20,
  durationMs: 1.2345,
  aborted: false
}

suite('A line of the access log', () => {
  test('is a line of the log as any other: level, time, fields, text', () => {
    const { time, ...rest } = JSON.parse(requestLine(line)) as Record<string, unknown>
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.deepEqual(rest, {
      level: 'info',
      requestId: 'r-1',
      method: 'GET',
      path: '/v1/metadata/topics',
      status: 200,
      principal: 'caller-1',
      bytesIn: 0,
      bytesOut: 20,
      ms: 1.2,
      msg: 'request'
    })
  })

  test('tells the code of an error, that no answer was begun, and that the client left', () => {
    const fields = JSON.parse(
      requestLine({ ...line, status: null, code: 'OVERLOADED', principal: undefined, aborted: true })
    ) as Record<string, unknown>
    assert.deepEqual(
      [fields.status, fields.code, fields.aborted, 'principal' in fields],
      [null, 'OVERLOADED', true, false]
    )
  })

  test('is one line of JSON whatever a client sends', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 })
    fc.assert(
      fc.property(text, text, text, text, (requestId, method, path, principal) => {
        const written = requestLine({ ...line, requestId, method, path, principal })
        assert.equal(written.indexOf('\n'), written.length - 1)
        const fields = JSON.parse(written) as Record<string, unknown>
        assert.deepEqual(
          [fields.requestId, fields.method, fields.path, fields.principal],
          [requestId, method, path, principal]
        )
      })
    )
  })

  test('is written at the levels at which info is', () => {
    for (const [level, count] of [
      ['debug', 1],
      ['info', 1],
      ['warn', 0]
    ] as const) {
      const lines: string[] = []
      createLogger(level, { write: text => lines.push(text) }).request(line)
      assert.equal(lines.length, count, level)
    }
  })
})
