import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { failureOf, produceError, type ProduceAction } from '../../../src/kafka/produce/produce-errors.ts'

/** Every code that a broker can send, and some that none does yet. */
const CODES = Array.from({ length: 202 }, (_, index) => index - 1).filter(code => code !== 0)

const doing = (action: ProduceAction) => CODES.filter(code => produceError(code).action === action)

suite('An error code that answers a Produce', () => {
  test('says "not appended" only where Kafka judges before it appends, "appended" only of a duplicate', () => {
    const those = (appended: string) => CODES.filter(code => produceError(code).appended === appended)
    assert.deepEqual(those('no'), [2, 10, 18, 19, 29, 31, 32, 43, 45, 47, 53, 59, 76, 87, 100])
    assert.deepEqual(those('yes'), [46])
  })

  test('splits a batch only for what one record can be guilty of, and only when it was not appended', () => {
    assert.deepEqual(doing('split'), [10, 18, 32, 87])
    for (const code of doing('split')) assert.equal(produceError(code).appended, 'no')
  })

  test('has metadata asked for, ends the session, or refuses for good only where Kafka means that', () => {
    assert.deepEqual(doing('refresh'), [3, 5, 6, 8, 9, 13, 35, 56, 72, 74, 75, 78, 100, 103])
    assert.deepEqual(doing('session'), [47, 59])
    assert.deepEqual(doing('refuse'), [17, 29, 31, 43, 53, 76])
    assert.deepEqual([doing('order'), doing('stored')], [[45], [46]])
  })

  test('that is not known is tried again and decides nothing', () => {
    const { action, appended, failure } = produceError(199)
    assert.deepEqual([action, appended, failure.kind], ['again', 'unknown', 'unreachable'])
  })

  test('tells callers what is wrong with the record or the partition; all else is that Kafka did not take it', () => {
    const kinds = new Map(CODES.map(code => [code, failureOf({ errorCode: code } as never).kind]))
    const telling = (kind: string) => CODES.filter(code => kinds.get(code) === kind)
    assert.deepEqual(telling('recordTooLarge'), [10, 18])
    assert.deepEqual(telling('invalidRecord'), [87])
    assert.deepEqual(telling('invalidTimestamp'), [32])
    assert.deepEqual(telling('invalidTopic'), [17])
    assert.deepEqual(telling('refused'), [29, 31, 43, 53, 76])
    assert.deepEqual(telling('notEnoughReplicas'), [19, 20])
    assert.deepEqual(telling('leaderless'), [5, 6, 9, 72, 74, 75, 78])
    assert.equal(telling('unreachable').length, CODES.length - 19)
    assert.equal(failureOf(null).kind, 'unreachable')
    for (const code of CODES)
      assert.equal(produceError(code).failure.stored, 'no', 'a code never says "unknown" itself')
  })
})
