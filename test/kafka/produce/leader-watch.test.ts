import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TopicMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import { LeaderWatch } from '../../../src/kafka/produce/leader-watch.ts'
import { silent } from '../transport/scripted-broker.ts'

const topic: TopicMetadata = { name: 'a', id: null, isInternal: false, partitions: [] }

function watch() {
  const asked: string[] = []
  const changes: unknown[] = []
  const answers: { resolve(metadata: TopicMetadata | null): void; reject(error: Error): void }[] = []
  const refresh = (name: string) => {
    asked.push(name)
    return new Promise<TopicMetadata | null>((resolve, reject) => answers.push({ resolve, reject }))
  }
  const ports = { refresh, learnLeaders: () => assert.fail('no leader is named here') }
  return { leaders: new LeaderWatch(ports, silent, (...change) => changes.push(change)), asked, changes, answers }
}

suite('The leader watch', () => {
  test('asks once while a question about the topic is under way, and hands on what it heard', async () => {
    const { leaders, asked, changes, answers } = watch()
    leaders.refresh('a')
    leaders.refresh('a')
    leaders.refresh('b')
    assert.deepEqual(asked, ['a', 'b'])
    answers[0].resolve(topic)
    answers[1].resolve(null)
    await new Promise(setImmediate)
    assert.deepEqual(changes, [
      ['a', topic],
      ['b', null]
    ])
  })

  test('a question that failed is asked again', async () => {
    const { leaders, asked, changes, answers } = watch()
    leaders.refresh('a')
    answers[0].reject(new Error('no broker'))
    await new Promise(setImmediate)
    leaders.refresh('a')
    assert.deepEqual([asked, changes], [['a', 'a'], []])
  })

  test('a leader that owes an answer for a second is looked for, and then once a second', async () => {
    const { leaders, asked, answers } = watch()
    const heard = async () => {
      answers.at(-1)?.resolve(topic)
      await new Promise(setImmediate)
    }
    leaders.unanswered('a', 10_000, 10_900)
    assert.deepEqual(asked, [])
    leaders.unanswered('a', 10_000, 11_000)
    await heard()
    leaders.unanswered('a', 10_000, 11_900)
    assert.deepEqual(asked, ['a'])
    leaders.unanswered('a', 10_000, 12_000)
    await heard()
    assert.deepEqual(asked, ['a', 'a'])
    leaders.unanswered('a', Infinity, 20_000)
    assert.deepEqual(asked, ['a', 'a'])
  })
})
