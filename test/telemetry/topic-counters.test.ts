import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Cell } from '../../src/telemetry/registry.ts'
import { type NamedTopics, type TopicCells, TopicCounters, TopicNames } from '../../src/telemetry/topic-counters.ts'

/** One process: its counters, and what is shown of them. */
function counters(limit: number) {
  const shown = new Map<string, TopicCells>()
  const topics = new TopicCounters(limit, label => {
    const cells = shown.get(label) ?? { produced: new Cell(), consumed: new Cell() }
    shown.set(label, cells)
    return cells
  })
  const count = (topic: string) => {
    topics.of(topic)?.produced.add(1)
    topics.of(topic)?.consumed.add(2)
  }
  const values = () =>
    new Map([...shown].map(([label, { produced, consumed }]) => [label, [produced.value, consumed.value]]))
  return { topics, count, values }
}

test('a single process names the first topics, the others share a counter', () => {
  const { count, values } = counters(2)
  for (const topic of ['a', 'b', 'c', 'a', 'd']) count(topic)
  assert.deepEqual(Object.fromEntries(values()), { a: [2, 4], b: [1, 2], '(other)': [2, 4] })
})

test('without named topics nothing is counted', () => {
  const { count, values } = counters(0)
  count('a')
  assert.equal(values().size, 0)
})

test('whatever workers count in whatever order, and however late their parent answers, they name the same topics, and the sums are right', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ worker: fc.nat(2), topic: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f') }) },
    { weight: 1, arbitrary: fc.record({ answer: fc.nat(2) }) }
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), (limit, steps) => {
      const names = new TopicNames(limit)
      const workers = [0, 1, 2].map(() => {
        const answers: NamedTopics[] = []
        const { topics, count, values } = counters(limit)
        topics.agree(topic => answers.push(names.ask(topic)))
        const hear = () => {
          const answer = answers.shift()
          if (answer !== undefined) topics.name(answer)
          return answer !== undefined
        }
        return { count, values, hear }
      })
      const counted = new Map<string, number>()
      for (const each of steps) {
        if ('answer' in each) workers[each.answer].hear()
        else {
          workers[each.worker].count(each.topic)
          counted.set(each.topic, (counted.get(each.topic) ?? 0) + 1)
        }
      }
      for (const { hear } of workers) while (hear());
      const sums = new Map<string, number>()
      for (const { values } of workers)
        for (const [label, [produced, consumed]] of values()) {
          assert.equal(consumed, produced * 2)
          sums.set(label, (sums.get(label) ?? 0) + produced)
        }
      const named = [...sums.keys()].filter(label => label !== '(other)')
      assert.equal(named.length, Math.min(limit, counted.size))
      for (const topic of named) assert.equal(sums.get(topic), counted.get(topic), topic)
      const all = [...counted.values()].reduce((sum, count) => sum + count, 0)
      assert.equal(
        [...sums.values()].reduce((sum, count) => sum + count, 0),
        all
      )
    })
  )
})
