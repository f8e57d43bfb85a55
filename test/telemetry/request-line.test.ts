import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { accessWithoutRules, type Principal } from '../../src/core/principal.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { requestLine } from '../../src/telemetry/request-line.ts'

function caller(id: string, issuer: string): Principal {
  return { id, issuer, appOnly: true, access: accessWithoutRules }
}

const line = {
  requestId: 'r-1',
  address: '::1',
  method: 'GET',
  path: '/v1/metadata/topics',
  status: 200,
  code: undefined,
  principal: caller('caller-1', 'https://issuer'),
  traceId: undefined,
  bytesIn: 0,
  bytesOut: 20,
  durationMs: 1.2345,
  aborted: false,
  isProbe: false
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
      address: '::1',
      principal: 'caller-1',
      issuer: 'https://issuer',
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
      fc.property(text, text, text, text, text, (requestId, method, path, principal, issuer) => {
        const written = requestLine({ ...line, requestId, method, path, principal: caller(principal, issuer) })
        assert.equal(written.indexOf('\n'), written.length - 1)
        const fields = JSON.parse(written) as Record<string, unknown>
        assert.deepEqual(
          [fields.requestId, fields.method, fields.path, fields.principal, fields.issuer ?? ''],
          [requestId, method, path, principal, issuer]
        )
      })
    )
  })

  test('is written at info; that of a health probe at debug, and says so', () => {
    for (const [level, levels] of [
      ['debug', ['info', 'debug']],
      ['info', ['info']],
      ['warn', []]
    ] as const) {
      const lines: string[] = []
      const log = createLogger(level, { write: text => lines.push(text) })
      log.request(line)
      log.request({ ...line, isProbe: true })
      assert.deepEqual(
        lines.map(text => (JSON.parse(text) as { level: string }).level),
        levels
      )
    }
  })
})
