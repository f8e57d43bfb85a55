import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { RepeatedWarnings } from '../../../src/core/lib/repeated-warnings.ts'
import { Endpoint } from '../../../src/kafka/transport/endpoint.ts'
import { RefusedCredentials } from '../../../src/kafka/transport/refused-credentials.ts'
import { silent } from './scripted-broker.ts'

const untrusted = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
const unwelcome = Object.assign(new Error('alert'), { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' })

/** Seconds until the credentials may be tried again, after each of so many refusals. */
function pausesAfter(failure: Error, times: number): number[] {
  const endpoint = new Endpoint('127.0.0.1', 9092, 'the test', new RepeatedWarnings(silent))
  return Array.from({ length: times }, () => {
    endpoint.failed(new Error('Cannot connect', { cause: failure }))
    assert.ok(endpoint.refusesCredentials)
    return Math.round(endpoint.refusedForMs / 1000)
  })
}

suite('An endpoint that refuses credentials', () => {
  test('is asked about a password less and less often, up to once a minute: an account may be locked', () => {
    const refused = new RefusedCredentials('SASL authentication failed')
    assert.deepEqual(pausesAfter(refused, 9), [1, 2, 4, 8, 16, 32, 60, 60, 60])
  })

  test('is tried every second where a certificate is at fault: a renewed file is taken up at once', () => {
    assert.deepEqual(pausesAfter(untrusted, 5), [1, 1, 1, 1, 1])
    assert.deepEqual(pausesAfter(unwelcome, 5), [1, 1, 1, 1, 1])
  })

  test('may be tried at once again after a failure of another kind', () => {
    const endpoint = new Endpoint('127.0.0.1', 9092, 'the test', new RepeatedWarnings(silent))
    endpoint.failed(untrusted)
    endpoint.failed(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
    assert.deepEqual([endpoint.refusesCredentials, endpoint.refusedForMs], [false, 0])
  })
})
