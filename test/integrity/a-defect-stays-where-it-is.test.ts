import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alone } from '../support/alone.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sharedBroker } from '../support/gateway.ts'
import { Client, type Answer } from './support/client.ts'
import { createTopic } from './support/topics.ts'
import { wellBehaved } from './support/well-behaved.ts'

await alone()

const PLANT = new URL('./support/plant.ts', import.meta.url).href

async function start(t: TestContext): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start({
    bootstrapServers: [sharedBroker()],
    nodeFlags: ['--import', PLANT],
    // What is of unknown fate holds up the end for so long.
    settings: { limits: { requestTimeoutMs: 3000 }, kafka: { deliveryTimeoutMs: 5000 } }
  })
  t.after(() => gateway.stop())
  return gateway
}

async function strike(gateway: GatewayProcess, topic: string): Promise<Answer> {
  const client = new Client(gateway)
  const answer = await client.request('POST', `/v1/producer/topics/${topic}`, '{"records":[{"value":"x"}]}')
  client.close()
  return answer
}

async function untilLogged(gateway: GatewayProcess, what: string): Promise<void> {
  for (const end = Date.now() + 10_000; !JSON.stringify(gateway.warnings).includes(what); await sleep(20))
    assert.ok(Date.now() < end, `not logged: ${what}`)
}

suite('A defect stays where it is', () => {
  test('thrown in a use case: that request gets 500 and no word of it, the log has the cause, others notice nothing', async t => {
    const gateway = await start(t)
    const [bad, good] = [await createTopic(gateway, 'thrown'), await createTopic(gateway, 'good')]
    const beside = wellBehaved(gateway, good, sleep(1000))
    for (let strikes = 0; strikes < 20; strikes++) {
      const { status, json } = await strike(gateway, bad)
      assert.equal(status, 500)
      assert.deepEqual(
        { ...json, message: '' },
        { error_code: 50001, code: 'INTERNAL_ERROR', message: '', retriable: false }
      )
      assert.doesNotMatch(json.message, /planted/)
    }
    assert.deepEqual([...new Set((await beside).statuses)], [200])
    await untilLogged(gateway, 'planted in a use case')
  })

  test('thrown where an answer of Kafka is taken in: those records are of unknown fate, others notice nothing', async t => {
    const gateway = await start(t)
    const [bad, good] = [await createTopic(gateway, 'callback'), await createTopic(gateway, 'good')]
    const beside = wellBehaved(gateway, good, sleep(2000))
    const { status, json } = await strike(gateway, bad)
    assert.deepEqual([status, json.code, json.retriable], [504, 'OUTCOME_UNKNOWN', false])
    assert.equal(json.offsets[0].stored, 'unknown')
    assert.deepEqual([...new Set((await beside).statuses)], [200])
    await untilLogged(gateway, 'planted in a callback')
  })

  for (const [where, name] of [
    ['a promise that nobody awaits', 'unawaited'],
    ['a timer', 'timer']
  ] as const) {
    test(`thrown in ${where}: the process ends in order, says why, and with a status that says so`, async t => {
      const gateway = await start(t)
      const [bad, good] = [await createTopic(gateway, name), await createTopic(gateway, 'good')]
      const others = Promise.all(Array.from({ length: 10 }, () => strike(gateway, good)))
      const answer = await strike(gateway, bad)
      assert.ok([200, 503].includes(answer.status), `${answer.status}`)
      for (const { status } of await others) assert.ok([200, 503].includes(status), `${status}`)
      assert.equal(await gateway.exited, 1)
      const last = gateway.warnings.at(-1)
      assert.equal(last?.msg, 'The process ends on an error that nobody caught')
      assert.match(JSON.stringify(last), /planted in/)
    })
  }
})
