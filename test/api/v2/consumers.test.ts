import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConsumerUseCases } from '../../../src/gateway/instances/consumers.ts'
import type { InstanceSettings } from '../../../src/gateway/instances/settings.ts'
import { consumersForTests, settingsForTests } from '../../http/support/front.ts'
import { waitUntil } from '../../http/support/wait-until.ts'
import { speaking } from './support.ts'

const INSTANCE = '/consumers/g/instances/i'

test('rule 8: a commit is waited for unless async=true says otherwise; its failure is in the log then', async context => {
  const commits: PromiseWithResolvers<InstanceSettings>[] = []
  const commit = () => {
    commits.push(Promise.withResolvers())
    return commits[commits.length - 1].promise
  }
  const { ask, log } = await speaking(context, 'strimzi', { consumers: { commit } })
  const post = (query: string) => ask(`${INSTANCE}/offsets${query}`, {}, { method: 'POST' })
  assert.equal((await post('?async=true')).status, 200)
  let isAnswered = false
  const waiting = post('').finally(() => (isAnswered = true))
  await waitUntil(() => commits.length === 2)
  assert.equal(isAnswered, false)
  commits[1].resolve(settingsForTests)
  assert.equal((await waiting).status, 200)
  commits[0].reject(new Error('lost'))
  await waitUntil(() => log.some(({ message }) => message === 'A commit that nobody waited for failed'))
})

for (const dialect of ['confluent', 'strimzi'] as const)
  test(`a commit and a subscription ask for the instance once, and are answered in its manner (${dialect})`, async context => {
    const settings = { ...settingsForTests, dialect }
    const asked: string[] = []
    const consumers: Partial<ConsumerUseCases> = {
      commit: () => Promise.resolve((asked.push('commit'), settings)),
      subscription: () =>
        Promise.resolve(
          (asked.push('subscription'), { settings, topics: ['a'], partitions: new Map([['a', [0, 2]]]) })
        ),
      settings: () => Promise.resolve((asked.push('settings'), settings))
    }
    const { ask } = await speaking(context, dialect === 'strimzi' ? 'confluent' : 'strimzi', { consumers })
    const committed = await ask(`${INSTANCE}/offsets`, {}, { method: 'POST' })
    const subscription = await ask(`${INSTANCE}/subscription`)
    const expected = {
      confluent: [200, [], { topics: ['a'] }],
      strimzi: [204, '', { topics: ['a'], partitions: [{ a: [0, 2] }] }]
    }
    assert.deepEqual([committed.status, committed.body, subscription.body], expected[dialect])
    assert.deepEqual(asked, ['commit', 'subscription'])
  })

for (const [dialect, usual] of [
  ['confluent', 1000],
  ['strimzi', 100]
] as const)
  test(`rule 9: a poll waits as long as it says, else as its instance was made, else ${usual} ms (${dialect})`, async context => {
    const waits: number[] = []
    let made: number | null = null
    const poll: typeof consumersForTests.poll = async (call, group, name, requestOf) => {
      const settings = { ...(await consumersForTests.settings(call, group, name)), dialect, waitMs: made }
      waits.push(requestOf(settings).waitMs)
      return { records: 0, bytes: 0, sent: () => undefined, lost: () => undefined }
    }
    const { ask } = await speaking(context, dialect, { consumers: { poll } })
    for (const [query, ofInstance] of [
      ['', null],
      ['?timeout=-1', null],
      ['', 3000],
      ['?timeout=0', 3000],
      ['?timeout=7000', 3000]
    ] as const) {
      made = ofInstance
      assert.deepEqual((await ask(`${INSTANCE}/records${query}`)).body, [])
    }
    assert.deepEqual(waits, [usual, usual, 3000, 0, 7000])
  })
