import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { writeProduceAnswer } from '../../../src/api/v1/offsets.ts'
import type { RecordFailure } from '../../../src/core/produce-outcome.ts'

const failure = (code: RecordFailure['code'], stored: 'no' | 'unknown', retriable: boolean): RecordFailure => ({
  code,
  message: code.toLowerCase(),
  retriable,
  stored
})
const tooFew = failure('NOT_ENOUGH_REPLICAS', 'no', true)
const unknown = failure('OUTCOME_UNKNOWN', 'unknown', false)
const tooLarge = failure('RECORD_TOO_LARGE', 'no', false)
const invalid = failure('INVALID_RECORD', 'no', false)
const refused = failure('KAFKA_REFUSED', 'no', false)

function answer(failures: readonly (RecordFailure | undefined)[]) {
  const map = new Map(failures.flatMap((each, record) => (each === undefined ? [] : [[record, each] as const])))
  const offsets = Float64Array.from(failures, (each, record) => (each === undefined ? record : -1))
  const { status, body, retryAfterS } = writeProduceAnswer({
    count: failures.length,
    partitions: new Int32Array(failures.length),
    offsets,
    failures: map
  })
  return { status, retryAfterS, json: JSON.parse(body.toString()) }
}

suite('The answer to a produce request', () => {
  test('gives partition and offset of each record, as JSON.stringify would', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 2 ** 31 - 1 }), fc.maxSafeNat()), { minLength: 1, maxLength: 50 }),
        records => {
          const partitions = Int32Array.from(records, ([partition]) => partition)
          const offsets = Float64Array.from(records, ([, offset]) => offset)
          const { status, body } = writeProduceAnswer({ count: records.length, partitions, offsets })
          assert.equal(status, 200)
          assert.equal(
            body.toString(),
            JSON.stringify({ offsets: records.map(([partition, offset]) => ({ partition, offset })) })
          )
        }
      )
    )
  })

  test('is the worst failure, with the fate of every record', () => {
    const { status, json } = answer([undefined, tooLarge, unknown, tooFew])
    assert.equal(status, 504)
    assert.deepEqual(json, {
      error_code: 50401,
      code: 'OUTCOME_UNKNOWN',
      message: 'outcome_unknown',
      retriable: false,
      offsets: [
        { partition: 0, offset: 0 },
        {
          partition: 0,
          error_code: 41302,
          code: 'RECORD_TOO_LARGE',
          message: 'record_too_large',
          retriable: false,
          stored: 'no'
        },
        {
          partition: 0,
          error_code: 50401,
          code: 'OUTCOME_UNKNOWN',
          message: 'outcome_unknown',
          retriable: false,
          stored: 'unknown'
        },
        {
          partition: 0,
          error_code: 50303,
          code: 'NOT_ENOUGH_REPLICAS',
          message: 'not_enough_replicas',
          retriable: true,
          stored: 'no'
        }
      ]
    })
  })

  test('counts 504 as worst, then 500, 503, 413, 403, 400', () => {
    const defect = failure('INTERNAL_ERROR', 'no', false)
    const order = [unknown, defect, tooFew, tooLarge, refused, invalid]
    order.forEach((worse, index) => {
      for (const better of order.slice(index)) assert.equal(answer([better, worse]).json.code, worse.code)
    })
  })

  test('may be retried only where no record is stored or unknown', () => {
    assert.deepEqual([answer([tooFew, tooFew]).json.retriable, answer([tooFew, tooFew]).retryAfterS], [true, 1])
    for (const other of [undefined, unknown])
      assert.deepEqual(
        [answer([tooFew, other]).json.retriable, answer([tooFew, other]).retryAfterS],
        [false, undefined]
      )
  })
})
