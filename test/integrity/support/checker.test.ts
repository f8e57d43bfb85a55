import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { check, checkReader } from './checker.ts'
import type { Entry } from './ledger.ts'
import type { StoredRecord } from './operator.ts'

/** Twenty records of one writer in two partitions, as they were sent and as they are stored. */
function honest(): { entries: Entry[]; stored: StoredRecord[] } {
  const entries = Array.from({ length: 20 }, (_, number): Entry => ({
    value: `0/${number}/0`,
    key: 'k',
    writer: 0,
    request: number,
    fate: 'stored',
    partition: number % 2,
    offset: Math.floor(number / 2),
    sentAtMs: number,
    answeredAtMs: number + 1
  }))
  return { entries, stored: entries.map(({ value, key, partition, offset }) => ({ value, key, partition, offset })) }
}

const problemsOf = ({ entries, stored }: { entries: Entry[]; stored: StoredRecord[] }) =>
  check({ entries, surprises: [] }, stored).problems

suite('The checker', () => {
  test('finds nothing where nothing is wrong', () => {
    const { entries, stored } = honest()
    assert.deepEqual(check({ entries, surprises: [] }, stored), {
      acknowledged: 20,
      found: 20,
      refused: 0,
      ambiguous: 0,
      ambiguousFound: 0,
      problems: []
    })
  })

  test('reports a planted loss', () => {
    const { entries, stored } = honest()
    stored.splice(7, 1)
    assert.deepEqual(problemsOf({ entries, stored }), ['lost: 0/7/0 was answered as stored at 1/3, but is not there'])
  })

  test('reports a planted duplicate', () => {
    const { entries, stored } = honest()
    stored.push({ ...stored[4], offset: 10 })
    assert.deepEqual(problemsOf({ entries, stored }), ['duplicate: 0/4/0 is there 2 times: 0/2, 0/10'])
  })

  test('reports a planted reorder', () => {
    const { entries, stored } = honest()
    for (const [at, offset] of [
      [4, 3],
      [6, 2]
    ]) {
      entries[at] = { ...entries[at], offset }
      stored[at] = { ...stored[at], offset }
    }
    assert.deepEqual(problemsOf({ entries, stored }), ['order: 0/6/0 at 0/2 was sent after 0/4/0 at 3'])
  })

  test('reports a record of unknown fate that came to stand behind what its writer sent later', () => {
    const { entries, stored } = honest()
    entries[4] = { ...entries[4], fate: 'unknown', offset: -1 }
    assert.deepEqual(problemsOf({ entries, stored }), [])
    stored[4] = { ...stored[4], offset: 11 }
    assert.deepEqual(problemsOf({ entries, stored }), ['order: 0/6/0 at 0/3 was sent after 0/4/0 at 11'])
  })

  test('reports a record at another offset than the one that was answered', () => {
    const { entries, stored } = honest()
    stored[19] = { ...stored[19], offset: 12 }
    assert.deepEqual(problemsOf({ entries, stored }), [
      'misplaced: 0/19/0 was answered as stored at 1/9, but is at 1/12'
    ])
  })

  test('reports a record that was answered as not stored, one that nobody sent, and one with another key', () => {
    const { entries, stored } = honest()
    entries[3] = { ...entries[3], fate: 'no', partition: -1, offset: -1 }
    stored.push({ partition: 0, offset: 10, key: null, value: 'stranger' })
    stored[0] = { ...stored[0], key: 'other' }
    assert.deepEqual(problemsOf({ entries, stored }), [
      'key: 0/0/0 was sent with key k',
      'refused: 0/3/0 was answered as not stored, but is at 1/1',
      'stranger: stranger at 0/10 was never sent'
    ])
  })

  test('lets a record of unknown fate be there once or not at all, and counts it', () => {
    const { entries, stored } = honest()
    for (const at of [5, 6]) entries[at] = { ...entries[at], fate: 'unknown' }
    stored.splice(6, 1)
    const { ambiguous, ambiguousFound, problems } = check({ entries, surprises: [] }, stored)
    assert.deepEqual([ambiguous, ambiguousFound, problems], [2, 1, []])
    stored.push({ ...stored[5], offset: 10 })
    assert.deepEqual(problemsOf({ entries, stored }), ['duplicate: 0/5/0 is there 2 times: 1/2, 1/10'])
  })

  test('reports a reader that missed a record, saw one twice or another one', () => {
    const { stored } = honest()
    const seen = stored.filter(({ partition }) => partition === 0)
    assert.deepEqual(checkReader(0, seen, stored), [])
    assert.equal(
      checkReader(0, seen.toSpliced(3, 1), stored)[0],
      'count: the reader of partition 0 saw 9 records of 10'
    )
    assert.equal(
      checkReader(0, seen.toSpliced(3, 0, seen[3]), stored)[1],
      'read: record 4 of partition 0: read 0/6/0 at 3, stored 0/4'
    )
    assert.deepEqual(checkReader(0, seen.with(2, { ...seen[2], value: 'x' }), stored), [
      'read: record 2 of partition 0: read x at 2, stored 0/2'
    ])
  })
})
