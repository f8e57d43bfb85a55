import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { protocolErrors } from '@platformatic/kafka'
import * as kafkaErrors from '../../src/kafka/kafka-errors.ts'
import { kafkaError, kafkaErrorName } from '../../src/kafka/kafka-errors.ts'
import { isStaleMetadata } from '../../src/kafka/metadata/stale-metadata.ts'

const CODES = Array.from({ length: 202 }, (_, index) => index - 1)

suite("Kafka's error codes", () => {
  test('bear the names that Kafka gives them, and are retriable where its clients retry', () => {
    const others = Object.values(protocolErrors).filter(({ code }) => code !== 0)
    assert.ok(others.length > 120)
    for (const { code, id, canRetry } of others) {
      const { name, retriable } = kafkaError(code) ?? {}
      assert.deepEqual([name, retriable], [id, canRetry], String(code))
    }
    assert.equal(kafkaErrorName(6), 'NOT_LEADER_OR_FOLLOWER')
  })

  test('of later versions have a number for a name', () => {
    for (const code of [-2, 134, 199]) assert.equal(kafkaError(code), undefined)
    assert.equal(kafkaErrorName(199), 'error 199')
  })

  test('bear their names as constants too', () => {
    const constants = Object.entries(kafkaErrors).filter(([, value]) => typeof value === 'number')
    assert.ok(constants.length > 5)
    for (const [name, code] of constants) assert.equal(kafkaErrorName(Number(code)), name)
  })

  test('that need metadata are those of its InvalidMetadataException, and all of them can be retried', () => {
    const those = CODES.filter(code => kafkaError(code)?.needsMetadata === true)
    assert.deepEqual(those, [3, 5, 6, 9, 13, 56, 72, 74, 80, 83, 84, 100, 103])
    for (const code of those) assert.equal(kafkaError(code)?.retriable, true)
  })

  test('of a leader tell when metadata is stale', () => {
    for (const code of [3, 5, 6, 8, 9, 13, 35, 56, 72, 74, 75, 78, 100, 103])
      assert.equal(isStaleMetadata(code), true, String(code))
    for (const code of [1, 2, 7, 10, 19, 29, 87, 199]) assert.equal(isStaleMetadata(code), false, String(code))
  })
})
