import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MessageLimits } from '../../../src/kafka/produce/message-limits.ts'
import { AnyBroker } from '../../../src/kafka/transport/any-broker.ts'
import { WireReader } from '../../../src/kafka/wire/wire-reader.ts'
import { DESCRIBE_CONFIGS, DESCRIBE_CONFIGS_4, describedConfigs } from '../admin/described-configs.ts'
import { startCluster } from '../metadata/scripted-cluster.ts'

const DEFAULT_LIMIT_BYTES = 1_048_588

/** A broker whose topics have the limit that their name ends in; `none` is refused. Keeps the names of each question. */
async function start(t: TestContext) {
  const { scripted, brokers } = await startCluster(t, 1)
  const asked: string[][] = []
  scripted[0].apis.set(DESCRIBE_CONFIGS, {
    ...DESCRIBE_CONFIGS_4,
    serve({ body, answer }) {
      const reader = new WireReader(body, true)
      const names = Array.from({ length: reader.arrayLength() }, () => {
        reader.int8()
        const name = reader.string() ?? ''
        for (let keys = reader.arrayLength(); keys > 0; keys--) reader.string()
        reader.skipTags()
        return name
      })
      asked.push(names)
      const described = names.map(name =>
        name === 'none'
          ? { name, errorCode: 29 }
          : { name, errorCode: 0, configs: { 'max.message.bytes': name.split('-')[1] } }
      )
      answer(describedConfigs(...described))
    }
  })
  return { limits: new MessageLimits(new AnyBroker(brokers)), asked }
}

suite('The limits of messages', () => {
  test('are asked about for many topics at once, a minute apart; until then, and if Kafka refuses, the default holds', async t => {
    const { limits, asked } = await start(t)
    const names = ['none', ...Array.from({ length: 300 }, (_, number) => `t-${1000 + number}`)]
    for (const name of names) assert.equal(limits.of(name), DEFAULT_LIMIT_BYTES)
    while (limits.of('t-1299') === DEFAULT_LIMIT_BYTES) await sleep(5)
    assert.deepEqual(names.map(name => limits.of(name)).slice(0, 3), [DEFAULT_LIMIT_BYTES, 1000, 1001])
    assert.deepEqual(asked, [names])
    const nowMs = Date.now()
    t.mock.method(Date, 'now', () => nowMs + 60_001)
    assert.equal(limits.of('t-1000'), 1000)
    while (asked.length < 2) await sleep(5)
    assert.deepEqual(asked[1], ['t-1000'])
  })
})
