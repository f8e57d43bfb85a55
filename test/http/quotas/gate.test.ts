import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Authenticator } from '../../../src/auth/authenticator.ts'
import { accessWithoutRules } from '../../../src/core/principal.ts'
import { codeIn } from '../support/code-in.ts'
import { pageOf, startFront, stored, TOKEN } from '../support/front.ts'
import { RawClient } from '../support/raw-client.ts'
import { waitUntil } from '../support/wait-until.ts'

const PRODUCE = '/v1/producer/topics/a'
const READ = '/v1/consumer/topics/a/partitions/0/offsets/0'
const records = (count: number) => JSON.stringify({ records: Array.from({ length: count }, () => ({ value: 'x' })) })

/** The token is the caller's id. */
const authenticator: Pick<Authenticator, 'authenticate' | 'ready'> = {
  authenticate: ({ headers: { authorization } }) => ({
    id: String(authorization),
    issuer: 'test',
    appOnly: true,
    access: accessWithoutRules
  }),
  ready: () => true
}

test(
  'a produce beyond the quota is refused whole, with 429, before Kafka is asked, and may be sent again later',
  { timeout: 10_000 },
  async t => {
    let asked = 0
    const { call, budget } = await startFront(t, {
      quotas: { principal: { recordsPerSecond: 10, burstSeconds: 1 } },
      gateway: {
        produce(_call, _topic, { count }, released) {
          asked += count
          released()
          return Promise.resolve(stored(count))
        }
      }
    })
    const post = (count: number) =>
      call(PRODUCE, {
        method: 'POST',
        headers: { authorization: TOKEN, 'content-type': 'application/json' },
        body: records(count)
      })
    assert.equal((await post(8)).status, 200)
    const refused = await post(9)
    assert.equal(refused.status, 429)
    const { message: _message, ...body } = (await refused.json()) as Record<string, unknown>
    assert.deepEqual(body, { error_code: 42901, code: 'QUOTA_EXCEEDED', retriable: true })
    assert.equal(refused.headers.get('retry-after'), '1')
    assert.equal(refused.headers.get('ratelimit-policy'), '"records";q=10;w=1;qu="records"')
    assert.match(refused.headers.get('ratelimit') ?? '', /^"records";r=[2-8];t=1$/)
    assert.equal(asked, 8)
    assert.equal(budget.usedBytes, 0)
    await sleep(1000)
    assert.equal((await post(9)).status, 200)
    assert.equal(asked, 17)
  }
)

test('what is read counts too: the next request waits for it', { timeout: 10_000 }, async t => {
  const { call } = await startFront(t, {
    quotas: { principal: { bytesPerSecond: 1000, burstSeconds: 1 } },
    gateway: { consume: () => Promise.resolve(pageOf(Buffer.alloc(30_000, 'x'))) }
  })
  assert.equal((await call(READ)).status, 200)
  const refused = await call(READ)
  assert.deepEqual([refused.status, codeIn(await refused.text())], [429, 'QUOTA_EXCEEDED'])
  assert.ok(Number(refused.headers.get('retry-after')) >= 28)
})

test('of pages that are read at the same time none leaves once a quota is overdrawn', { timeout: 10_000 }, async t => {
  const PAGE_BYTES = 30_000
  let asked = 0
  let deliver: (() => void) | undefined
  const together = new Promise<void>(resolve => (deliver = resolve))
  const { call } = await startFront(t, {
    quotas: { principal: { bytesPerSecond: 10_000, burstSeconds: 1 } },
    gateway: {
      async consume() {
        asked++
        await together
        return pageOf(Buffer.alloc(PAGE_BYTES, 'x'))
      }
    }
  })
  const reads = Array.from({ length: 8 }, () => call(READ))
  await waitUntil(() => asked === 8)
  deliver?.()
  const statuses = (await Promise.all(reads)).map(({ status }) => status)
  assert.deepEqual(
    statuses.toSorted((one, other) => one - other),
    [200, 429, 429, 429, 429, 429, 429, 429]
  )
})

test(
  'what the last page took is set aside while the next one is read, and given back if it takes less',
  { timeout: 20_000 },
  async t => {
    let pageBytes = 10_000
    const pages: (() => void)[] = []
    const { call } = await startFront(t, {
      quotas: { principal: { bytesPerSecond: 10_000, burstSeconds: 1 } },
      gateway: {
        consume: () => new Promise(resolve => pages.push(() => resolve(pageOf(Buffer.alloc(pageBytes, 'x')))))
      }
    })
    const read = async (count: number) => {
      let answered = 0
      const ask = async () => {
        const { status } = await call(READ)
        answered++
        return status
      }
      const answers = Array.from({ length: count }, ask)
      await waitUntil(() => pages.length + answered === count)
      for (const page of pages.splice(0)) page()
      return (await Promise.all(answers)).toSorted((one, other) => one - other)
    }
    assert.deepEqual(await read(1), [200])
    await sleep(1100)
    pageBytes = 100
    assert.deepEqual((await read(4)).slice(-2), [429, 429])
    await sleep(300)
    assert.deepEqual(await read(4), [200, 200, 200, 200])
  }
)

test(
  'health is not metered, strangers are refused as strangers, and without quotas nothing is told of any',
  { timeout: 10_000 },
  async t => {
    const metered = await startFront(t, { quotas: { principal: { requestsPerSecond: 1, burstSeconds: 1 } } })
    assert.equal((await metered.call('/v1/metadata/topics')).headers.get('ratelimit'), '"requests";r=0;t=1')
    assert.equal((await metered.call('/v1/metadata/topics')).status, 429)
    assert.equal((await metered.call('/health/live')).status, 200)
    assert.equal((await fetch(`${metered.url}/v1/metadata/topics`)).status, 401)
    const free = await startFront(t)
    assert.equal((await free.call('/v1/metadata/topics')).headers.has('ratelimit'), false)
  }
)

test(
  'a place among concurrent requests is taken until the operation is over, though its client left',
  { timeout: 10_000 },
  async t => {
    let asked = 0
    let finish: (() => void) | undefined
    const { port, call } = await startFront(t, {
      quotas: { principal: { concurrentRequests: 1, burstSeconds: 1 } },
      gateway: {
        listTopics: () => {
          asked++
          return new Promise(resolve => (finish = () => resolve(['a'])))
        }
      }
    })
    const hanging = new RawClient(port).send(
      'GET /v1/metadata/topics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n\r\n'
    )
    await waitUntil(() => asked === 1)
    assert.equal((await call('/v1/metadata/brokers')).status, 429)
    hanging.socket.resetAndDestroy()
    await sleep(50)
    assert.equal((await call('/v1/metadata/brokers')).status, 429)
    finish?.()
    assert.equal((await call('/v1/metadata/brokers')).status, 200)
  }
)

test('connections from one address are limited, and closed ones make room', { timeout: 10_000 }, async t => {
  const { port, log } = await startFront(t, { quotas: { connectionsPerAddress: 2 } })
  const health = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n'
  const [one, two] = [new RawClient(port).send(health), new RawClient(port).send(health)]
  assert.equal((await one.answer()).status, 200)
  assert.equal((await two.answer()).status, 200)
  assert.equal(await new RawClient(port).ended(), '')
  assert.ok(log.some(({ message }) => message.includes('quotas.connectionsPerAddress')))
  one.close()
  for (;;) {
    const next = new RawClient(port).send(health)
    const status = await next.answer().then(
      answer => answer.status,
      () => 0
    )
    if (status === 200) return next.close()
  }
})

/** Median milliseconds of one caller's requests, one after the other. */
async function medianMs(port: number, agent: Agent, count: number): Promise<number> {
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const startedMs = performance.now()
    assert.equal(await post(port, agent, 'quiet', records(1)), 200)
    times.push(performance.now() - startedMs)
  }
  return times.toSorted((a, b) => a - b)[count >> 1]
}

function post(port: number, agent: Agent, authorization: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, agent, path: PRODUCE, method: 'POST', headers: { authorization } })
    sent.once('error', reject)
    sent.once('response', answer => answer.resume().once('end', () => resolve(answer.statusCode ?? 0)))
    sent.end(body)
  })
}

test('one noisy caller leaves the latency of the others alone', { timeout: 60_000 }, async t => {
  const SERVED_MS = 5
  let served = 0
  // What the callers share, as Kafka is shared: one thing at a time.
  let last = Promise.resolve()
  const gateway = {
    produce(_call: unknown, _topic: string, { count }: { count: number }, released: () => void) {
      served++
      last = last.then(() => sleep(SERVED_MS))
      return last.then(() => {
        released()
        return stored(count)
      })
    }
  }
  const { port } = await startFront(t, {
    authenticator,
    gateway,
    quotas: { principal: { requestsPerSecond: 1000, burstSeconds: 1, concurrentRequests: 2 } }
  })
  const quiet = new Agent({ keepAlive: true })
  const noisy = new Agent({ keepAlive: true })
  t.after(() => [quiet, noisy].forEach(agent => agent.destroy()))
  const aloneMs = await medianMs(port, quiet, 40)
  let over = false
  const statuses = new Map<number, number>()
  const flood = Array.from({ length: 30 }, async () => {
    for (;;) {
      if (over) return
      const status = await post(port, noisy, 'noisy', records(100))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      await sleep(20)
    }
  })
  await sleep(200)
  const besideMs = await medianMs(port, quiet, 40)
  over = true
  await Promise.all(flood)
  assert.ok(served > 80)
  assert.ok((statuses.get(429) ?? 0) > (statuses.get(200) ?? 0), JSON.stringify([...statuses]))
  // Thirty at a time would cost thirty turns, were they let in; two do.
  assert.ok(besideMs < aloneMs * 12, `${besideMs} ms beside a noisy caller, ${aloneMs} ms alone`)
})
