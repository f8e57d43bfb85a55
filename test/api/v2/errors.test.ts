import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { BodyError } from '../../../src/api/shared/records/body-error.ts'
import { confluentErrors, recordCode, recordStatus, strimziErrors, toldAs } from '../../../src/api/v2/errors.ts'
import { errorCatalogue } from '../../../src/core/error-catalogue.ts'
import { type ErrorCode, GatewayError } from '../../../src/core/errors.ts'
import type { RecordFailure } from '../../../src/core/produce-outcome.ts'

const codes = Object.keys(errorCatalogue) as ErrorCode[]

/** Numbers that Confluent's clients know, with the errors of ours that may bear them. */
const CONFLUENT_NUMBERS: Readonly<Record<number, readonly ErrorCode[]>> = {
  40002: [
    'INVALID_TOPIC_NAME',
    'INVALID_TOPIC_PROPERTY',
    'INVALID_PARTITION_COUNT',
    'INVALID_REPLICATION_FACTOR',
    'POLICY_VIOLATION'
  ],
  40101: ['UNAUTHENTICATED', 'INVALID_TOKEN', 'INVALID_CREDENTIALS', 'CERTIFICATE_NEEDED'],
  40301: ['NOT_PERMITTED', 'INTERNAL_TOPIC', 'KAFKA_REFUSED', 'NO_KAFKA_IDENTITY'],
  40401: ['TOPIC_NOT_FOUND'],
  40402: ['PARTITION_NOT_FOUND'],
  40403: ['INSTANCE_NOT_FOUND'],
  40601: ['FORMAT_MISMATCH'],
  40902: ['INSTANCE_EXISTS'],
  40903: ['INSTANCE_STATE', 'NOT_ASSIGNED'],
  42204: ['INVALID_INSTANCE'],
  50002: ['CORRUPT_DATA', 'OUTCOME_UNKNOWN', 'NOT_YET_VISIBLE'],
  50003: ['KAFKA_UNAVAILABLE', 'LEADER_NOT_AVAILABLE', 'NOT_ENOUGH_REPLICAS', 'TOPIC_RECREATED', 'DEADLINE_EXCEEDED']
}

test('each table has every code of the catalogue, and no other', () => {
  assert.deepEqual(Object.keys(confluentErrors), codes)
  assert.deepEqual(Object.keys(strimziErrors), codes)
})

test("Confluent's numbers are the status, or one of its own that begins with it", () => {
  const special: Record<number, ErrorCode[]> = {}
  for (const code of codes) {
    const { status, code: number } = confluentErrors[code]
    if (number === status) continue
    assert.equal(Math.floor(number / 100), status, code)
    ;(special[number] ??= []).push(code)
  }
  assert.deepEqual(special, CONFLUENT_NUMBERS)
})

test("Strimzi's number is the status", () => {
  for (const code of codes) assert.equal(strimziErrors[code].code, strimziErrors[code].status, code)
})

test('the two agree on the class of an error: the caller, or the gateway, is at fault', () => {
  const classOf = (status: number) => Math.floor(status / 100)
  for (const code of codes) {
    const ours = classOf(new GatewayError(code, '').status)
    assert.deepEqual([classOf(confluentErrors[code].status), classOf(strimziErrors[code].status)], [ours, ours], code)
  }
})

test('50003, which clients answer by sending again, is said only of what may be sent again', () => {
  for (const code of codes) {
    const error = new GatewayError(code, '')
    if (toldAs('confluent', error).code === 50003) assert.ok(error.retriable, code)
    assert.notEqual(toldAs('confluent', new GatewayError(code, '', { retriable: false })).code, 50003, code)
  }
})

test('what is wrong with a body has the code of the dialect', () => {
  const faults = ['unknown', 'missing', 'value', 'encoding'] as const
  const of = (dialect: 'confluent' | 'strimzi') => faults.map(fault => toldAs(dialect, new BodyError('', fault)).code)
  assert.deepEqual(of('confluent'), [422, 422, 400, 400])
  assert.deepEqual(of('strimzi'), [400, 400, 400, 422])
})

test('a record that failed has one of the few codes of the dialect', () => {
  const failure = (code: ErrorCode, stored: RecordFailure['stored'] = 'no'): RecordFailure => ({
    code,
    message: '',
    retriable: errorCatalogue[code].retriable,
    stored
  })
  const cases: [RecordFailure, number, number, number][] = [
    [failure('PARTITION_NOT_FOUND'), 40402, 404, 404],
    [failure('KAFKA_REFUSED'), 40301, 403, 403],
    [failure('LEADER_NOT_AVAILABLE'), 50003, 503, 500],
    [failure('NOT_ENOUGH_REPLICAS'), 50003, 503, 500],
    [failure('RECORD_TOO_LARGE'), 50002, 413, 413],
    [failure('INVALID_RECORD'), 50002, 400, 400],
    [failure('OUTCOME_UNKNOWN', 'unknown'), 50002, 500, 500],
    [failure('NOT_ENOUGH_REPLICAS', 'unknown'), 50002, 500, 500]
  ]
  for (const [each, confluent, strimzi, status] of cases)
    assert.deepEqual(
      [recordCode('confluent', each), recordCode('strimzi', each), recordStatus('confluent', each)],
      [confluent, strimzi, status],
      each.code
    )
})

test('docs/api-v2.md has both tables, whole and as they are', () => {
  const page = readFileSync(new URL('../../../docs/api-v2.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\| (\d+) +\| (\d+) +\| (\d+) +\|$/gm)]
  assert.deepEqual(
    rows.map(([, code, status, number, strimzi]) => [code, Number(status), Number(number), Number(strimzi)]),
    codes.map(code => [code, confluentErrors[code].status, confluentErrors[code].code, strimziErrors[code].code])
  )
})
