import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { protocolErrors } from '@platformatic/kafka'
import { errorCatalogue } from '../../src/core/errors.ts'
import { isStaleMetadata, kafkaCode, kafkaErrorName } from '../../src/kafka/codes.ts'

/** Every code that a broker can send, and some that none does yet. */
const CODES = Array.from({ length: 202 }, (_, index) => index - 1).filter(code => code !== 0)
const UNLISTED = 'UNLISTED'

const listed = CODES.filter(code => kafkaCode(code).name !== UNLISTED)

suite("Kafka's error codes", () => {
  test('bear the names that Kafka gives them', () => {
    const names = new Map(Object.values(protocolErrors).map(({ id, code }) => [code, id]))
    assert.ok(listed.length > 40)
    for (const code of listed) assert.equal(kafkaCode(code).name, names.get(code), String(code))
  })

  test('lead to an error of the catalogue, and to a retry that decides nothing where they are not known', () => {
    for (const code of CODES) assert.ok(kafkaCode(code).error in errorCatalogue, String(code))
    const { error, produce, appended } = kafkaCode(199)
    assert.deepEqual([error, produce, appended], ['KAFKA_UNAVAILABLE', 'again', 'unknown'])
    assert.equal(kafkaErrorName(199), 'error 199')
    assert.equal(kafkaErrorName(6), 'NOT_LEADER_OR_FOLLOWER')
  })

  test('say "not appended" only where Kafka judges before it appends, "appended" only of a duplicate', () => {
    const those = (appended: string) => CODES.filter(code => kafkaCode(code).appended === appended)
    assert.deepEqual(those('no'), [2, 10, 18, 19, 29, 31, 32, 43, 45, 47, 53, 59, 76, 87, 100])
    assert.deepEqual(those('yes'), [46])
    for (const code of [-1, 3, 5, 6, 7, 13, 20, 56, 74, 75]) assert.equal(kafkaCode(code).appended, 'unknown')
  })

  test('a batch is split only for what one record can be guilty of, and only when it was not appended', () => {
    const split = CODES.filter(code => kafkaCode(code).produce === 'split')
    assert.deepEqual(split, [10, 18, 32, 87])
    for (const code of split) assert.equal(kafkaCode(code).appended, 'no')
  })

  test('tell when metadata is stale', () => {
    for (const code of [3, 5, 6, 9, 56, 72, 74, 75, 78, 100, 103])
      assert.equal(isStaleMetadata(code), true, String(code))
    for (const code of [1, 2, 7, 10, 19, 29, 87, 199]) assert.equal(isStaleMetadata(code), false, String(code))
  })
})
