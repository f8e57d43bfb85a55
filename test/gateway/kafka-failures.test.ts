import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { errorCatalogue } from '../../src/core/error-catalogue.ts'
import { callerError, callerOutcome, CODES, gatewayError } from '../../src/gateway/kafka-failures.ts'
import { failureKind, type FailureKind, isRetriable, KafkaFailure } from '../../src/kafka/kafka-failure.ts'
import { notStored, outcomeUnknown } from '../../src/kafka/produce/failures.ts'

const KINDS = Object.keys(CODES) as FailureKind[]

/** Codes of which Kafka knows nothing: they are raised by HTTP, by callers' rights, or by the gateway's own use cases. */
const NOT_OF_KAFKA = [
  'BAD_REQUEST',
  'MALFORMED_JSON',
  'INVALID_PARTITION',
  'INVALID_OFFSET',
  'INVALID_COUNT',
  'INVALID_ENCODING',
  'MALFORMED_GZIP',
  'SEVERAL_CREDENTIALS',
  'CREDENTIAL_IN_QUERY',
  'INVALID_PARAMETER',
  'POSITION_OF_ANOTHER_TOPIC',
  'UNAUTHENTICATED',
  'INVALID_TOKEN',
  'INVALID_CREDENTIALS',
  'CERTIFICATE_NEEDED',
  'NOT_PERMITTED',
  'NO_KAFKA_IDENTITY',
  'INTERNAL_TOPIC',
  'ROUTE_NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'NOT_ACCEPTABLE',
  'UNREADABLE_RECORD',
  'INSTANCE_NOT_FOUND',
  'FORMAT_MISMATCH',
  'INSTANCE_EXISTS',
  'INSTANCE_STATE',
  'NOT_ASSIGNED',
  'GROUP_UNUSABLE',
  'INVALID_INSTANCE',
  'INSTANCE_LIMIT',
  'GROUP_BUSY',
  'KAFKA_TOO_OLD',
  'REQUEST_TIMEOUT',
  'STREAM_STALLED',
  'BODY_TOO_LARGE',
  'TOO_MANY_RECORDS',
  'URI_TOO_LONG',
  'UNSUPPORTED_MEDIA_TYPE',
  'UNSUPPORTED_ENCODING',
  'QUOTA_EXCEEDED',
  'TOO_MANY_ATTEMPTS',
  'HEADERS_TOO_LARGE',
  'IDENTITY_UNAVAILABLE',
  'SHUTTING_DOWN',
  'AUDIT_UNAVAILABLE',
  'DEADLINE_EXCEEDED'
]

suite('A failure of Kafka', () => {
  test('has one code of the catalogue, and no other failure has it; the other codes are not of Kafka', () => {
    const codes = Object.values(CODES)
    assert.equal(new Set(codes).size, codes.length)
    assert.deepEqual([...codes, ...NOT_OF_KAFKA].toSorted(), Object.keys(errorCatalogue).toSorted())
  })

  test('may be retried exactly when its code says so', () => {
    for (const kind of KINDS) assert.equal(isRetriable(kind), errorCatalogue[CODES[kind]].retriable, kind)
  })

  test('keeps its text, detail and cause, and overrides the catalogue where a retry may do harm', () => {
    const cause = new Error('reset')
    const failure = new KafkaFailure('unreachable', 'Look first.', { detail: 'broker 1', cause, retriable: false })
    const { code, message, detail, retriable, headers, members, cause: told } = gatewayError(failure)
    assert.deepEqual([code, message, detail, retriable], ['KAFKA_UNAVAILABLE', 'Look first.', 'broker 1', false])
    assert.deepEqual([headers, members, told], [undefined, undefined, cause])
  })

  test('that says when to come back says so in whole seconds, at least one', () => {
    for (const [retryAfterMs, seconds] of [
      [0, '1'],
      [1000, '1'],
      [7200, '8']
    ] as const) {
      const failure = new KafkaFailure('unreachable', 'Kafka throttles the request.', { retryAfterMs })
      assert.deepEqual(gatewayError(failure).headers, { 'Retry-After': seconds })
    }
  })

  test('is all that is translated: a defect stays what it is', () => {
    const defect = new TypeError('undefined is not a function')
    assert.equal(callerError(defect), defect)
  })

  test('is named by the error codes that Kafka has for it; what is not known means that Kafka did not do it', () => {
    for (const [code, kind] of [
      [3, 'unknownTopic'],
      [6, 'leaderless'],
      [17, 'invalidTopic'],
      [29, 'refused'],
      [36, 'topicExists'],
      [-1, 'unreachable'],
      [199, 'unreachable']
    ] as const)
      assert.equal(failureKind(code), kind, String(code))
  })
})

suite('The outcome of a produce request', () => {
  const partitions = Int32Array.of(0, 0, 1, 1)

  test('is handed on as it is if all records are stored', () => {
    const outcome = { count: 4, partitions, offsets: Float64Array.of(0, 1, 0, 1) }
    assert.equal(callerOutcome(outcome), outcome)
  })

  test('tells failures as codes, and records that share a failure share what is told', () => {
    const refused = notStored('refused', 'Kafka does not permit writing to this topic.')
    const failures = new Map([
      [0, refused],
      [1, refused],
      [3, outcomeUnknown]
    ])
    const offsets = Float64Array.of(-1, -1, 7, -1)
    const told = callerOutcome({ count: 4, partitions, offsets, failures })
    const first = told.failures?.get(0)
    const expected = { code: 'KAFKA_REFUSED', message: refused.message, retriable: false, stored: 'no' }
    assert.deepEqual(first, expected)
    assert.equal(told.failures?.get(1), first)
    assert.deepEqual(told.failures?.get(3), {
      code: 'OUTCOME_UNKNOWN',
      message: outcomeUnknown.message,
      retriable: false,
      stored: 'unknown'
    })
    assert.deepEqual([told.failures?.size, told.offsets], [3, offsets])
  })
})
