import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { PositionEntry } from '../../../src/gateway/instances/position-entry.ts'
import { writeMetadata } from '../../../src/gateway/instances/position-entry.ts'
import { NOTHING, type Reader, resume } from '../../../src/gateway/instances/resume.ts'

const ME = 'me'
const member: Reader = { instance: ME, generation: 7, assignedSince: null }
const manual: Reader = { instance: ME, generation: 9, assignedSince: 3 }

const stored = (offset: number, entry: PositionEntry | null, metadata = 'client') => ({
  offset,
  leaderEpoch: 4,
  metadata: writeMetadata({ metadata, entry })
})
const entry = (changes: Partial<NonNullable<PositionEntry['delivered']>> | null, start: number | null = null) => ({
  topic: 'topic',
  start,
  hour: 1,
  delivered:
    changes === null
      ? null
      : { instance: ME, generation: 7, version: 3, to: 50, openFrom: null, autoCommit: false, ...changes }
})
const position = (reader: Reader, offset: number, told: PositionEntry | null, topic = 'topic') => {
  const { position: at, isOwn } = resume(stored(offset, told), topic, reader)
  return [at, isOwn]
}

suite('Rule 7: where an instance goes on', () => {
  test('without anything stored `auto.offset.reset` has to decide', () => {
    assert.deepEqual(resume(undefined, 'topic', member), NOTHING)
    assert.deepEqual(position(member, -1, null), [null, false])
  })

  test('at what was committed, if there is no position', () => {
    assert.deepEqual(position(member, 20, null), [20, false])
    assert.deepEqual(resume(stored(20, null), 'topic', member), {
      position: 20,
      isOwn: false,
      committed: 20,
      leaderEpoch: 4,
      metadata: 'client',
      start: null,
      kept: { committed: 20, entry: null }
    })
  })

  test('at its own position of this generation; at the start of a batch that is open', () => {
    assert.deepEqual(position(member, 20, entry({})), [50, true])
    assert.deepEqual(position(member, 20, entry({ openFrom: 40 })), [40, true])
    assert.deepEqual(position(member, -1, entry({ openFrom: 0 })), [0, true])
  })

  test('never at the position of another instance, or of a generation that it missed', () => {
    assert.deepEqual(position(member, 20, entry({ instance: 'other' })), [20, false])
    assert.deepEqual(position(member, 20, entry({ generation: 5 })), [20, false])
    assert.deepEqual(position(member, 20, entry({ generation: 8 })), [20, false])
    assert.deepEqual(position(member, -1, entry({ generation: 5 }, 11)), [11, false])
  })

  test('at its own position of the generation before, in which nobody else had the partition', () => {
    assert.deepEqual(position(member, 20, entry({ generation: 6 })), [50, true])
    assert.deepEqual(position(member, 20, entry({ generation: 6, openFrom: 40 })), [40, true])
  })

  test('behind what an instance with auto commit had received in the generation before, which is committed now', () => {
    const left = { instance: 'other', generation: 6, autoCommit: true }
    assert.deepEqual(position(member, 20, entry(left)), [50, false])
    assert.deepEqual(position(member, 20, entry({ ...left, openFrom: 40 })), [40, false])
    assert.deepEqual(position(member, 60, entry(left)), [50, false], 'its client sought back')
    const told = entry(left, 11)
    assert.deepEqual(resume(stored(-1, told), 'topic', member), {
      position: 50,
      isOwn: false,
      committed: 50,
      leaderEpoch: -1,
      metadata: 'client',
      start: null,
      kept: { committed: -1, entry: told }
    })
    for (const other of [{ generation: 5 }, { generation: 7 }, { autoCommit: false }])
      assert.deepEqual(position(member, 20, entry({ ...left, ...other })), [20, false])
    assert.deepEqual(position(manual, 20, entry({ ...left, generation: 8 })), [20, false])
  })

  test('at its position of any generation, if it assigned the partition itself and has not assigned others since', () => {
    assert.deepEqual(position(manual, 20, entry({ generation: 6 })), [50, true])
    assert.deepEqual(position(manual, 20, entry({ version: 2 })), [20, false])
    assert.deepEqual(position(manual, 20, entry({ instance: 'other' })), [20, false])
  })

  test('at the start that was once chosen, whoever chose it, until something is committed', () => {
    assert.deepEqual(position(member, -1, entry(null, 11)), [11, false])
    assert.deepEqual(position(member, -1, entry({ instance: 'other' }, 11)), [11, false])
    assert.deepEqual(position(member, 20, entry(null, 11)), [20, false])
  })

  test('nowhere, if the topic was deleted and created anew: not even the commit counts', () => {
    assert.deepEqual(resume(stored(20, entry({})), 'another', member), NOTHING)
    assert.deepEqual(position(member, 20, entry({}), ''), [50, true], 'a cluster without topic ids')
  })
})
