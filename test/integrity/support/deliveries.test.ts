import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { judge, type CommitSeen, type Fault, type Run } from './deliveries.ts'

const run = (member: string, from: number, to: number, askedMs: number, answeredMs: number): Run => ({
  member,
  from,
  to,
  askedMs,
  answeredMs
})
const told = (runs: readonly Run[], end: number, faults: readonly Fault[] = [], commits: readonly CommitSeen[] = []) =>
  judge(runs, { end, storedMs: offset => offset }, faults, commits)
const texts = (...given: Parameters<typeof told>) => told(...given).problems.map(({ text }) => text)

suite('What the members of a group were given of a partition', () => {
  test('is well if each record came once and in order, to whomever', () => {
    const runs = [run('a', 0, 10, 0, 100), run('b', 10, 15, 100, 200), run('a', 15, 20, 200, 450)]
    const { problems, delivered, again, longestStallMs } = told(runs, 20)
    assert.deepEqual([problems, delivered, again.size, longestStallMs], [[], 20, 0, 250])
  })

  test('is short of a record that nobody was given, at the end or before it', () => {
    assert.deepEqual(texts([run('a', 0, 10, 0, 100)], 12), ['nobody was given 10 to 11 (2)'])
    assert.deepEqual(texts([run('a', 0, 10, 0, 100), run('b', 12, 20, 100, 200)], 20), [
      'nobody was given 10 to 11 (2)'
    ])
  })

  test('may cross on the way, but not come late', () => {
    const crossed = [run('a', 0, 10, 0, 100), run('b', 12, 20, 100, 200), run('a', 10, 12, 150, 210)]
    assert.deepEqual(texts(crossed, 20), [])
    const late = [run('a', 0, 10, 0, 100), run('b', 12, 20, 100, 200), run('a', 10, 12, 205, 210)]
    assert.deepEqual(texts(late, 20), [
      'a was given 10 after somebody was given 12',
      'a was given 11 after somebody was given 12'
    ])
  })

  test('may be a duplicate only where a fault could have kept the delivery from being written down', () => {
    const runs = [run('a', 0, 10, 0, 100), run('b', 5, 12, 200, 300)]
    assert.deepEqual(texts(runs, 12), ['b was given 5 to 9 (5) again, 200 ms after a'])
    const fault = (atMs: number, untilMs = atMs): Fault => ({ what: 'kill', atMs, untilMs })
    for (const [explains, each] of [
      [true, fault(50)],
      [true, fault(250)],
      [false, fault(350)],
      [false, fault(-10)],
      [true, fault(-10, 5)]
    ] as const) {
      const { again, problems } = told(runs, 12, [each])
      assert.deepEqual([again.get(each), problems.length], explains ? [5, 0] : [undefined, 1])
    }
    // Whoever made the first poll had given it up.
    const owed = { end: 12, storedMs: () => 0 }
    for (const [explains, overlap] of [
      [true, { member: 'a', atMs: 90, untilMs: 120 }],
      [false, { member: 'b', atMs: 90, untilMs: 120 }],
      [false, { member: 'a', atMs: 110, untilMs: 120 }]
    ] as const) {
      const { crossed, problems } = judge(runs, owed, [], [], [overlap])
      assert.deepEqual([crossed, problems.length], explains ? [5, 0] : [0, 1])
    }
    const longAgo = [run('a', 0, 10, 0, 100), run('a', 10, 11, 100, 6000), run('b', 5, 12, 6000, 7000)]
    assert.equal(told(longAgo, 12, [fault(6500)]).problems.length, 1)
  })

  test('may not be less than what was committed', () => {
    const runs = [run('a', 0, 10, 0, 100), run('a', 10, 20, 2000, 2100)]
    assert.deepEqual(texts(runs, 20, [], [{ offset: 10, atMs: 90 }]), [])
    assert.deepEqual(texts(runs, 20, [], [{ offset: 11, atMs: 900 }]), ['11 was committed when 10 had been given'])
  })
})
