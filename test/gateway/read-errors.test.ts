import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { GatewayError } from '../../src/core/errors.ts'
import { deadlineExceeded, readError, isUnfinished } from '../../src/gateway/read-errors.ts'
import { ReadFailure, type ReadFailureKind } from '../../src/kafka/fetch/read-failure.ts'

const shown = ({ code, message, headers, members, detail }: GatewayError) => ({
  code,
  message,
  headers,
  members,
  detail
})

suite('A failed read', () => {
  test('has the code that says what the caller can do, and keeps its text', () => {
    const codes: Record<ReadFailureKind, string> = {
      unknownTopic: 'TOPIC_NOT_FOUND',
      unknownPartition: 'PARTITION_NOT_FOUND',
      topicRecreated: 'TOPIC_RECREATED',
      outOfRange: 'OFFSET_OUT_OF_RANGE',
      refused: 'KAFKA_REFUSED',
      corrupt: 'CORRUPT_DATA',
      leaderless: 'LEADER_NOT_AVAILABLE',
      unreachable: 'KAFKA_UNAVAILABLE',
      busy: 'OVERLOADED'
    }
    for (const [kind, code] of Object.entries(codes)) {
      const error = readError(new ReadFailure(kind as ReadFailureKind, 'It is so.', { detail: 'broker 1' }), 7)
      assert.deepEqual([error.code, error.message, error.detail], [code, 'It is so.', 'broker 1'])
      const goesOn = kind === 'leaderless' || kind === 'unreachable'
      assert.deepEqual(error.headers, goesOn ? { NextOffset: '7' } : undefined, kind)
    }
  })

  test('out of range names the bounds, the last stable offset as the latest', () => {
    const bounds = { earliest: 3, lastStable: 8, logEnd: 10 }
    assert.deepEqual(shown(readError(new ReadFailure('outOfRange', 'Out of range.', { bounds }), 99)), {
      code: 'OFFSET_OUT_OF_RANGE',
      message: 'Out of range.',
      headers: undefined,
      members: { earliest_offset: 3, latest_offset: 8 },
      detail: undefined
    })
  })

  test('that ended at its deadline says why, and where to go on', () => {
    for (const [end, message] of [
      ['late', 'Kafka did not answer in time.'],
      ['remote', 'The records are in remote storage, and Kafka did not bring them in time; go on at NextOffset.'],
      ['passed', 'Only records that cannot be read were passed in time; go on at NextOffset.']
    ] as const) {
      assert.ok(isUnfinished(end))
      assert.deepEqual(shown(deadlineExceeded(end, 12)), {
        code: 'DEADLINE_EXCEEDED',
        message,
        headers: { NextOffset: '12' },
        members: undefined,
        detail: undefined
      })
    }
    for (const end of ['full', 'log', 'scanned', 'failure'] as const) assert.equal(isUnfinished(end), false)
  })
})
