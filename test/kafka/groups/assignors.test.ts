import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  ASSIGNORS,
  assignRange,
  type AssignedMember,
  type MemberAssignments
} from '../../../src/kafka/groups/assignors.ts'
import { oracle } from './oracle.ts'

const RUNS = 300
const topicNames = ['a', 'b', 'B', 'a-1', 'é', 'z.9'] as const

interface Case {
  readonly members: readonly AssignedMember[]
  readonly counts: ReadonlyMap<string, number>
}

const name = fc.stringMatching(/^[a-zA-Z0-9._é-]{2,6}$/)

const cases: fc.Arbitrary<Case> = fc
  .record({
    counts: fc.uniqueArray(fc.tuple(fc.constantFrom(...topicNames), fc.nat(12)), { selector: ([topic]) => topic }),
    members: fc.uniqueArray(
      fc.record({
        memberId: name,
        instanceId: fc.option(name),
        topics: fc.subarray([...topicNames, 'missing'])
      }),
      { minLength: 1, maxLength: 9, selector: ({ memberId }) => memberId }
    )
  })
  .filter(({ members }) => {
    const ids = members.map(({ instanceId }) => instanceId).filter(id => id !== null)
    return new Set(ids).size === ids.length
  })
  .map(({ members, counts }) => ({ members, counts: new Map(counts) }))

const listed = (items: readonly string[]): string => items.join(',') || '-'

const question = (assignor: string, { members, counts }: Case): string =>
  [
    'assign',
    assignor,
    listed(Array.from(counts, ([topic, count]) => `${topic}:${count}`)),
    ...members.map(({ memberId, instanceId, topics }) => `${memberId}/${instanceId ?? '-'}/${listed(topics)}`)
  ].join(' ')

const sorted = (texts: Iterable<string>): string[] => [...texts].sort()

const answerOf = (assignments: MemberAssignments): string =>
  sorted(assignments.keys())
    .map(memberId => {
      const partitions = assignments.get(memberId) ?? new Map<string, number[]>()
      return `${memberId}=${listed(sorted(partitions.keys()).map(topic => [topic, ...(partitions.get(topic) ?? [])].join(':')))}`
    })
    .join(' ')

suite('Rule 3: an assignor', () => {
  for (const [assignor, assign] of ASSIGNORS) {
    test(`${assignor} gives each member what Java's gives it`, async () => {
      const samples = fc.sample(cases, { numRuns: RUNS, seed: 20_261 })
      const answers = await oracle(samples.map(sample => question(assignor, sample)))
      samples.forEach(({ members, counts }, index) =>
        assert.equal(answerOf(assign(members, counts)), answers[index], question(assignor, samples[index]))
      )
    })

    test(`${assignor} gives each partition to exactly one of those who subscribe to its topic`, () => {
      fc.assert(
        fc.property(cases, ({ members, counts }) => {
          const given = new Map<string, string>()
          for (const [memberId, partitions] of assign(members, counts))
            for (const [topic, numbers] of partitions)
              for (const number of numbers) {
                assert.ok(members.find(member => member.memberId === memberId)?.topics.includes(topic))
                assert.ok(!given.has(`${topic}-${number}`))
                given.set(`${topic}-${number}`, memberId)
              }
          const wanted = new Set(members.flatMap(({ topics }) => topics))
          const total = Array.from(counts, ([topic, count]) => (wanted.has(topic) ? count : 0))
          assert.equal(
            given.size,
            total.reduce((sum, count) => sum + count, 0)
          )
        })
      )
    })

    test(`${assignor} moves nothing when a static member comes back under another member id`, () => {
      fc.assert(
        fc.property(cases, fc.nat(8), ({ members, counts }, at) => {
          const index = at % members.length
          const before = members.with(index, { ...members[index], instanceId: 'static' })
          const after = before.with(index, { ...before[index], memberId: '~another' })
          const [one, other] = [assign(before, counts), assign(after, counts)]
          before.forEach(({ memberId }, place) => assert.deepEqual(other.get(after[place].memberId), one.get(memberId)))
        })
      )
    })
  }

  test('has an entry for every member, those without a partition included', () => {
    const members = ['m1', 'm2'].map(memberId => ({ memberId, instanceId: null, topics: ['t'] }))
    assert.deepEqual(
      assignRange(members, new Map([['t', 1]])),
      new Map([
        ['m1', new Map([['t', [0]]])],
        ['m2', new Map()]
      ])
    )
  })
})
