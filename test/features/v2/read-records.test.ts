import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

const typeOf = (format: string) => `application/vnd.kafka.${format}.v2+json`

suite('Reading without a consumer over v2', () => {
  let gateway: TestGateway
  let topic: string
  before(async () => {
    gateway = await TestGateway.start({
      settings: { apis: { v2: 'strimzi' }, quotas: { principal: { concurrentWaits: 1 } } }
    })
    topic = uniqueTopic('v2-read')
    await gateway.createTopic(topic)
    const values = Array.from({ length: 10 }, (_, at) => ({ key: `k${at}`, value: { at }, timestamp: 1000 + at }))
    await gateway.produce(topic, [...values, { value: '/w==', value_encoding: 'base64' }, { value: '"after"' }])
  })
  after(() => gateway.close())

  const read = async (query: string, format: string) => {
    const path = `/topics/${topic}/partitions/0/records?${query}`
    const { status, headers, json } = await gateway.request('GET', path, { headers: { accept: typeOf(format) } })
    assert.equal(headers['content-type'], typeOf(format))
    return { status, next: headers.nextoffset, json }
  }

  test('begins exactly at the offset, within a batch too', async () => {
    const { status, next, json } = await read('offset=7', 'binary')
    assert.deepEqual([status, next, json.length], [200, '12', 5])
    const value = Buffer.from('{"at":7}').toString('base64')
    assert.deepEqual(json[0], { topic, key: 'azc=', value, partition: 0, offset: 7, timestamp: 1007 })
  })

  test('json that a record holds comes as JSON; one that holds none ends the page, and then is 422 with its place', async () => {
    const { json, next } = await read('offset=3', 'text')
    assert.deepEqual([json.length, json[0].value, next], [7, '{"at":3}', '10'])
    const stuck = await read('offset=10', 'json')
    assert.deepEqual([stuck.status, stuck.json.error_code], [422, 422])
    assert.match(stuck.json.message, new RegExp(`offset 10 of partition 0 of topic '${topic}'`))
    const behind = await read('offset=11', 'json')
    assert.deepEqual([behind.json.length, behind.json[0].value, behind.next], [1, 'after', '12'])
  })

  test('max_bytes bounds a page, never to nothing; pages in a row have no gap and no record twice', async () => {
    const seen: number[] = []
    for (let offset = '0'; offset !== '12';) {
      const { json, next } = await read(`offset=${offset}&max_bytes=25`, 'binary')
      assert.ok(json.length >= 1 && json.length <= 3)
      seen.push(...json.map((record: { offset: number }) => record.offset))
      offset = String(next)
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 12 }, (_, at) => at)
    )
    assert.equal((await read('offset=0&max_bytes=1', 'binary')).json.length, 1)
  })

  test('at the end a page is empty at once, or as soon as a record comes, or when the time is over', async () => {
    assert.deepEqual((await read('offset=latest', 'json')).json, [])
    const startedMs = Date.now()
    assert.deepEqual((await read('offset=12&timeout=400', 'json')).json, [])
    assert.ok(Date.now() - startedMs >= 390)
    const waiting = read('offset=12&timeout=6000', 'json')
    await gateway.produce(topic, [{ value: { come: true } }])
    const { json, next } = await waiting
    assert.deepEqual([json.length, json[0].value, next], [1, { come: true }, '13'])
    assert.ok(Date.now() - startedMs < 5000)
  })

  test('rule 9: waits of polls and of reads are waits of the caller, and count in one quota; what is there is no wait', async () => {
    const group = uniqueTopic('group')
    const post = (path: string, body: object) =>
      gateway.request('POST', `/consumers/${path}`, {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/vnd.kafka.v2+json' }
      })
    const polled = async (name: string, timeout: number) => {
      const { status, json } = await gateway.get(
        `/consumers/${group}-${name}/instances/${name}/records?timeout=${timeout}`
      )
      return [status, status === 200 ? json.length : json.message]
    }
    for (const [name, from] of [
      ['busy', 'earliest'],
      ['idle', 'latest']
    ]) {
      await post(`${group}-${name}`, { name, 'auto.offset.reset': from })
      await post(`${group}-${name}/instances/${name}/assignments`, { partitions: [{ topic, partition: 0 }] })
      await gateway.get(`/consumers/${group}-${name}/instances/${name}/assignments`)
    }
    const refused = "This is more than the caller's quota of concurrent waits; nothing was done."
    // A read that asks whether the poll waits is a wait itself for a moment, and may come first.
    const waits = async () => {
      for (;;) {
        const told = await polled('idle', 6000)
        if (told[0] !== 429) return told
      }
    }
    const waiting = waits()
    const end = Date.now() + 5000
    let read = await gateway.get(`/topics/${topic}/partitions/0/records?offset=latest&timeout=1`)
    while (read.status === 200 && Date.now() < end)
      read = await gateway.get(`/topics/${topic}/partitions/0/records?offset=latest&timeout=1`)
    assert.deepEqual([read.status, read.json.message], [429, refused])
    assert.deepEqual(await polled('busy', 1), [200, 13])
    assert.deepEqual(await polled('busy', 1000), [429, refused])
    await gateway.produce(topic, [{ value: 1 }])
    assert.deepEqual(await waiting, [200, 1])
    assert.deepEqual(await polled('busy', 1000), [200, 1])
    const { status } = await gateway.get(`/topics/${topic}/partitions/0/records?offset=14&timeout=1`)
    assert.equal(status, 200)
  })

  test('beyond the end, or in what is not there, it says what is wrong', async () => {
    const beyond = await read('offset=99', 'json')
    assert.deepEqual([beyond.status, beyond.json.error_code], [400, 400])
    assert.match(beyond.json.message, /earliest_offset 0, latest_offset 14/)
    const path = `/topics/${uniqueTopic('v2-none')}/partitions/0/records?offset=0`
    assert.equal((await gateway.get(path)).status, 404)
    assert.equal((await gateway.get(`/topics/${topic}/partitions/1/records?offset=0`)).status, 404)
  })
})
