import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RepeatedWarnings } from '../../../src/core/lib/repeated-warnings.ts'
import { BrokerChannel, type ChannelOptions } from '../../../src/kafka/transport/broker-channel.ts'
import { Endpoint } from '../../../src/kafka/transport/endpoint.ts'
import { ScriptedBroker, silent, type BrokerRequest } from './scripted-broker.ts'

const ASK = 900
const QUIET_MS = 2000

async function start(
  t: TestContext,
  serve: (request: BrokerRequest, broker: ScriptedBroker) => void,
  changes: Partial<ChannelOptions> = {}
): Promise<{ broker: ScriptedBroker; channel: BrokerChannel; ask: (text: string) => Promise<string> }> {
  const broker = await ScriptedBroker.start()
  broker.apis.set(ASK, { max: 0, flexibleSince: Infinity, serve: request => serve(request, broker) })
  const channel = new BrokerChannel(new Endpoint('127.0.0.1', broker.port, 'the test', new RepeatedWarnings(silent)), {
    clientId: 'test',
    connectTimeoutMs: 1000,
    requestTimeoutMs: 8000,
    replaceSilent: true,
    security: () => ({}),
    ...changes
  })
  t.after(async () => {
    await channel.close()
    await broker.close()
  })
  await channel.connect()
  return { broker, channel, ask: async text => (await channel.request(ASK, 0, false, Buffer.from(text))).toString() }
}

const echo = (request: BrokerRequest) => request.answer(request.body)

suite('A connection that is silent', { concurrency: true }, () => {
  test('is replaced once the broker answers on a new one: what was under way counts as sent', async t => {
    const { broker, ask } = await start(t, (request, { accepted }) => {
      if (accepted > 1) echo(request)
    })
    const startedMs = performance.now()
    await assert.rejects(ask('a'), { name: 'TransportError', sent: true, message: /silent for 2000 ms/ })
    const tookMs = performance.now() - startedMs
    assert.ok(tookMs >= QUIET_MS - 5 && tookMs < QUIET_MS + 1000, `${tookMs} ms`)
    assert.equal(await ask('a'), 'a')
    assert.equal(broker.accepted, 2)
  })

  test('is given longer if the broker proves slow on the new one too', async t => {
    const { broker, ask } = await start(t, request => setTimeout(() => echo(request), 3000))
    await assert.rejects(ask('a'), { sent: true })
    assert.equal(await ask('a'), 'a', 'three seconds are waited for now')
    assert.equal(broker.accepted, 2)
  })

  test('is kept while the broker says nothing on a new one either', async t => {
    const { broker, ask } = await start(t, () => undefined, { requestTimeoutMs: 4500 })
    broker.frozen = true
    const startedMs = performance.now()
    await assert.rejects(ask('a'), { sent: true, message: /no answer within 4500 ms/ })
    assert.ok(performance.now() - startedMs >= 4490)
  })

  test('is kept while Kafka throttles it', async t => {
    const { broker, channel, ask } = await start(t, request => setTimeout(() => echo(request), 2500))
    channel.throttled(ASK, 3000)
    assert.equal(await ask('a'), 'a')
    assert.equal(broker.accepted, 1)
  })

  test('is kept where its requests must not be sent again', async t => {
    const { broker, ask } = await start(t, request => setTimeout(() => echo(request), 2500), { replaceSilent: false })
    assert.equal(await ask('a'), 'a')
    assert.equal(broker.accepted, 1)
  })
})

suite('A request that times out', () => {
  test('fails alone while other answers come; its own is dropped, and the connection serves on', async t => {
    const delays = [250, 400, 0]
    const { broker, ask } = await start(
      t,
      request => {
        const delayMs = delays.shift() ?? 0
        setTimeout(() => echo(request), delayMs)
      },
      { requestTimeoutMs: 300 }
    )
    const [first, second] = [ask('first'), ask('second')]
    assert.equal(await first, 'first')
    await assert.rejects(second, { sent: true, message: /no answer within 300 ms/ })
    await sleep(150)
    assert.equal(await ask('third'), 'third')
    assert.equal(broker.accepted, 1)
  })
})

suite('A connection without work', () => {
  test('is asked for a sign of life after a minute', async t => {
    const { broker, ask } = await start(t, echo)
    assert.equal(await ask('a'), 'a')
    const timerS = keepAliveTimerOf(broker.port)
    assert.ok(timerS !== undefined && timerS > 50 && timerS <= 60, String(timerS))
  })

  test('is closed when it has been idle for long, and opened again for the next request', async t => {
    const { broker, channel, ask } = await start(t, echo)
    assert.equal(await ask('a'), 'a')
    await sleep(60)
    channel.closeIdle(10_000)
    assert.equal(channel.connected, true)
    channel.closeIdle(50)
    assert.equal(channel.connected, false)
    assert.equal(await ask('b'), 'b')
    assert.equal(broker.accepted, 2)
  })

  test('is not idle while an answer is due', async t => {
    const { channel, ask } = await start(t, request => setTimeout(() => echo(request), 100))
    const asked = ask('a')
    await sleep(50)
    channel.closeIdle(0)
    assert.equal(await asked, 'a')
  })
})

/** Seconds until the client's end of a connection to this port asks for a sign of life; undefined if it never does. */
function keepAliveTimerOf(port: number): number | undefined {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, , to, state, , timer] = line.trim().split(/ +/)
    // Established; its timer is one of keep-alive; in hundredths of a second.
    if (to?.endsWith(remote) && state === '01' && timer.startsWith('02:')) return parseInt(timer.slice(3), 16) / 100
  }
  return undefined
}
