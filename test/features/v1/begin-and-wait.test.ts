import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

const DAY_MS = 86_400_000

suite('Where to begin, and to wait', () => {
  let gateway: TestGateway
  let topic: string
  const startMs = Date.now() - DAY_MS
  before(async () => {
    gateway = await TestGateway.start({ settings: { quotas: { principal: { concurrentWaits: 2 } } } })
    topic = uniqueTopic('begin')
    await gateway.createTopic(topic)
    const records = Array.from({ length: 20 }, (_, at) => ({ value: `${at}`, timestamp: startMs + at * 1000 }))
    for (const record of records) await gateway.produce(topic, [record])
  })
  after(() => gateway.close())

  const path = (from: string, query = '') => `/v1/consumer/topics/${topic}/partitions/0/offsets/${from}${query}`
  const page = async (from: string, query = '?count=100') => {
    const { status, headers, json } = await gateway.get(path(from, query))
    return { status, next: Number(headers.nextoffset), json, values: json.records?.map(valueOf) }
  }
  const valueOf = (record: { value: string }) => Number(record.value)

  test('-N begins at the last N records; all of them where there are fewer; the end where N is 0', async () => {
    assert.deepEqual((await page('-3')).values, [17, 18, 19])
    assert.equal((await page('-100')).values.length, 20)
    assert.equal((await page('-9007199254740991')).values.length, 20)
    assert.deepEqual(await page('-0'), { status: 200, next: 20, json: { records: [] }, values: [] })
  })

  test('@T begins at the first record of that time or later, and at the end where there is none', async () => {
    assert.deepEqual((await page(`@${startMs + 16_001}`)).values, [17, 18, 19])
    assert.deepEqual((await page(`@${new Date(startMs + 17_000).toISOString()}`)).values, [17, 18, 19])
    assert.deepEqual((await page('@0', '?count=1')).values, [0])
    assert.deepEqual(await page(`@${Date.now() + DAY_MS}`), {
      status: 200,
      next: 20,
      json: { records: [] },
      values: []
    })
  })

  test('what is none of the forms is 400 INVALID_OFFSET, and lists them', async () => {
    for (const from of ['@yesterday', '-x', '@2026-11-29T10:00:00']) {
      const { status, json } = await page(from)
      assert.deepEqual([status, json.code], [400, 'INVALID_OFFSET'])
      for (const form of ['earliest', 'latest', '-N', '@T']) assert.ok(json.message.includes(form), form)
    }
  })

  test('wait: a page that would be empty comes with the first records', async () => {
    const own = uniqueTopic('wait')
    await gateway.createTopic(own)
    const waiting = gateway.get(`/v1/consumer/topics/${own}/partitions/0/offsets/latest?count=10&wait=30000`)
    await sleep(300)
    const sentMs = performance.now()
    await gateway.produce(own, [{ value: '1' }])
    const { status, json, headers } = await waiting
    assert.deepEqual([status, json.records.map(valueOf), headers.nextoffset], [200, [1], '1'])
    assert.ok(performance.now() - sentMs < 5000)
  })

  test('wait: a page that has records does not wait for more', async () => {
    const beganMs = performance.now()
    assert.deepEqual((await page('18', '?count=10&wait=30000')).values, [18, 19])
    assert.ok(performance.now() - beganMs < 5000)
  })

  test('wait: the page is empty when the time is over', async () => {
    const beganMs = performance.now()
    assert.deepEqual(await page('latest', '?wait=400'), { status: 200, next: 20, json: { records: [] }, values: [] })
    assert.ok(performance.now() - beganMs >= 400)
  })

  test('wait: more than limits.waitMs, or no number, is 400 INVALID_PARAMETER', async () => {
    for (const wait of ['60001', '-1', 'x', '']) {
      const { status, json } = await page('latest', `?wait=${wait}`)
      assert.deepEqual([status, json.code], [400, 'INVALID_PARAMETER'], wait)
    }
  })

  test('wait: more than the caller may have is 429, and a wait whose client leaves gives its place back', async () => {
    const leaving = new AbortController()
    const waits = [1, 2].map(() => gateway.leave(path('latest', '?wait=60000'), leaving.signal))
    await sleep(300)
    const { status, json } = await page('latest', '?wait=2000')
    assert.deepEqual([status, json.code], [429, 'QUOTA_EXCEEDED'])
    assert.match(json.message, /concurrent waits/)
    leaving.abort()
    await Promise.all(waits)
    for (let tries = 0; (await page('latest', '?wait=200')).status !== 200; tries++) {
      assert.ok(tries < 100)
      await sleep(20)
    }
  })

  test('wait: ends with what there is when the gateway is stopped', async () => {
    const other = await TestGateway.start()
    try {
      const waiting = other.get(path('latest', '?wait=60000'))
      await sleep(300)
      const stoppedMs = performance.now()
      await other.server.close()
      const { status, json, headers } = await waiting
      assert.deepEqual([status, json, headers.nextoffset], [200, { records: [] }, '20'])
      assert.ok(performance.now() - stoppedMs < 5000)
    } finally {
      await other.close()
    }
  })
})
