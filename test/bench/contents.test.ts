import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, suite, test } from 'node:test'
import type { Work } from '../../bench/load/jobs.ts'
import { LoadGenerator } from '../../bench/load/load-generator.ts'

const VALUES = ['one', 'two', 'three', 'four']
const PARTITIONS = 2
const RECORDS = 20
const COUNT = 4

interface StoredRecord {
  readonly value: string
  readonly partition: number
  readonly offset: number
}

const partition = (number: number): StoredRecord[] =>
  Array.from({ length: RECORDS / PARTITIONS }, (_, offset) => ({
    value: VALUES[(number * 2 + offset) % VALUES.length],
    partition: number,
    offset
  }))

suite('The load generator looks at what it reads', () => {
  const load = new LoadGenerator()
  let server: Server
  let stored: StoredRecord[][] = []
  let change: (records: StoredRecord[]) => StoredRecord[]
  let topics = 0

  before(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://localhost')
      const [, number, offset] = /partitions\/(\d+)\/offsets\/(\d+)/.exec(url.pathname)?.map(Number) ?? []
      const records = stored[number].slice(offset, offset + Number(url.searchParams.get('count')))
      const body = JSON.stringify({ records: change(records) })
      response.setHeader('NextOffset', offset + records.length)
      response.setHeader('Content-Length', body.length)
      response.end(body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    load.stop()
    server.close()
  })
  beforeEach(() => {
    stored = Array.from({ length: PARTITIONS }, (_, number) => partition(number))
    change = records => records
    topics++
  })

  const run = (work: Work) => {
    const endpoint = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
    return load.run({ endpoint, token: 'token', connections: 2, seconds: 0.1, work })
  }
  const contents = { values: VALUES, records: RECORDS, even: true }
  const pages = (): Work => ({
    kind: 'pages',
    topic: `topic-${topics}`,
    partitions: PARTITIONS,
    count: COUNT,
    query: '',
    contents
  })
  const random = (): Work => ({
    kind: 'random',
    topic: `topic-${topics}`,
    partitions: PARTITIONS,
    count: COUNT,
    end: RECORDS / PARTITIONS,
    contents
  })

  test('whole passes of what was produced are counted', async () => {
    const { records, requests } = await run(pages())
    assert.ok(requests > 3, 'more than one pass')
    assert.ok(records > RECORDS && records < requests * COUNT)
  })

  test('reads at random offsets are counted', async () => {
    const { records, requests } = await run(random())
    assert.ok(requests > 0)
    assert.equal(records, requests * COUNT)
  })

  test('a record that is missing at the end fails the run', async () => {
    stored[1].pop()
    await assert.rejects(run(pages()), /20 records were produced, 19 were read/)
  })

  test('a value that nobody produced fails the run', async () => {
    stored[0][3] = { ...stored[0][3], value: 'five' }
    await assert.rejects(run(pages()), /was not produced/)
  })

  test('a value that stands in the place of another fails the run', async () => {
    stored[0][3] = { ...stored[0][3], value: VALUES[0] }
    await assert.rejects(run(pages()), /were not read equally often/)
  })

  test('a page that holds other bytes when it is read again fails the run', async () => {
    await run(pages())
    change = records => records.map(record => ({ ...record, value: record.value.toUpperCase() }))
    await assert.rejects(run(pages()), /the page from offset 0 is another than the one read before/)
  })

  test('a random read that holds records of other offsets, or fewer than it says, fails the run', async () => {
    await run(random())
    change = records => records.toReversed()
    await assert.rejects(run(random()), /is not what is stored/)
    change = records => records.slice(1)
    await assert.rejects(run(random()), /3 records instead of 4/)
  })
})
