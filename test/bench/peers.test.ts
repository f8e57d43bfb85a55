import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, suite, test } from 'node:test'
import { ChunkedBody } from '../../bench/load/chunked-body.ts'
import type { Work } from '../../bench/load/jobs.ts'
import { LoadGenerator } from '../../bench/load/load-generator.ts'
import { peerOf, withPeers } from '../../bench/rows/peers.ts'
import { singleProduce } from '../../bench/rows/single-produce.ts'

const PREFIX = '/proxy'
const ENDS = [7, 5]
const PER_ANSWER = 3

/** What a proxy of Confluent's API, version 2, answers, kept in memory; its bodies are chunked, as theirs are. */
class V2Server {
  stored = 0
  instances = new Map<string, { partition: number; offset: number }>()
  deleted = 0
  /** Records left out of each answer. */
  skipped = 0
  readonly mediaTypes = new Set<string>()

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const piece of request.setEncoding('utf8')) body += String(piece)
    const json = body === '' ? {} : JSON.parse(body)
    const path = (request.url ?? '').slice(PREFIX.length)
    const instance = /\/instances\/(\w+)/.exec(path)?.[1] ?? ''
    if (path.startsWith('/topics/')) {
      this.mediaTypes.add(String(request.headers['content-type']))
      this.stored += json.records.length
      say(response, { offsets: json.records.map((_: object, offset: number) => ({ partition: 0, offset })) })
    } else if (request.method === 'DELETE') {
      this.deleted++
      response.writeHead(204).end()
    } else if (path.endsWith('/records') || path.includes('/records?')) {
      say(response, this.#next(instance))
    } else if (path.endsWith('/assignments') || path.endsWith('/positions/beginning')) {
      this.instances.set(instance, { partition: json.partitions[0].partition, offset: 0 })
      response.writeHead(204).end()
    } else {
      const name = `i${this.instances.size}`
      this.instances.set(name, { partition: -1, offset: 0 })
      say(response, { instance_id: name, base_uri: `http://elsewhere${PREFIX}${path}/instances/${name}` })
    }
  }

  #next(instance: string): object[] {
    const { partition, offset } = this.instances.get(instance) ?? { partition: 0, offset: 0 }
    const end = Math.min(offset + PER_ANSWER, ENDS[partition])
    this.instances.set(instance, { partition, offset: end })
    const from = offset + this.skipped
    return Array.from({ length: end - from }, (_, at) => ({ value: 'eA==', partition, offset: from + at }))
  }
}

function say(response: ServerResponse, body: object): void {
  const text = JSON.stringify(body)
  response.writeHead(200, { 'content-type': 'application/json' })
  response.write(text.slice(0, 5))
  response.end(text.slice(5))
}

suite('Peers that speak version 2 of the API of Confluent are driven', () => {
  const load = new LoadGenerator()
  let peer = new V2Server()
  let server: Server

  before(async () => {
    server = createServer((request, response) => void peer.answer(request, response))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    load.stop()
    server.close()
  })
  beforeEach(() => {
    peer = new V2Server()
  })
  const run = (work: Work) => {
    const endpoint = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
    return load.run({ endpoint, token: '', connections: 2, seconds: 0.1, work })
  }
  const consume: Work = { kind: 'v2-consume', topic: 'orders', prefix: PREFIX, ends: ENDS }

  test('as many records are counted as the peer took', async () => {
    const contentType = 'application/vnd.kafka.json.v2+json'
    const body = '{"records":[{"value":"x"},{"value":"y"}]}'
    const { records } = await run({ kind: 'produce', path: `${PREFIX}/topics/orders`, body, records: 2, contentType })
    assert.ok(records > 0)
    assert.equal(peer.stored, records)
    assert.deepEqual([...peer.mediaTypes], [contentType])
  })

  test('one instance a connection reads its partition again and again, and is deleted', async () => {
    const { records, requests } = await run(consume)
    assert.ok(records > ENDS[0] + ENDS[1], 'more than one pass')
    assert.ok(records < requests * PER_ANSWER, 'the last answer of a pass is a short one')
    assert.deepEqual(
      Array.from(peer.instances.values(), ({ partition }) => partition),
      [0, 1]
    )
    assert.equal(peer.deleted, 2)
  })

  test('a peer that leaves a record out fails the run', async () => {
    peer.skipped = 1
    await assert.rejects(run({ ...consume, topic: 'others' }), /offset 1 was read where 0 is next/)
    await assert.rejects(run(consume), /offset 0: the page is not as it was/)
  })
})

test('the framing of chunks is taken off wherever it is cut', () => {
  const framed = Buffer.from('5;name=value\r\nhello\r\nA\r\n, 123\r\n567\r\n0\r\nTrailer: yes\r\n\r\n')
  for (let size = 1; size <= framed.length; size++) {
    const body = new ChunkedBody()
    const data: Buffer[] = []
    for (let at = 0; at < framed.length; at += size) {
      assert.equal(body.done, false)
      data.push(...body.take(framed.subarray(at, at + size)))
    }
    assert.equal(Buffer.concat(data).toString(), 'hello, 123\r\n567', `pieces of ${size} bytes`)
    assert.equal(body.done, true)
  }
})

test('a peer is a name and an address', () => {
  const { name, url } = peerOf('Other=http://127.0.0.1:8082/proxy')
  assert.deepEqual([name, url.href], ['Other', 'http://127.0.0.1:8082/proxy'])
  for (const wrong of [
    'Other',
    'http://127.0.0.1',
    '=http://127.0.0.1',
    'Other=https://127.0.0.1',
    'Other=127.0.0.1:1'
  ])
    assert.throws(() => peerOf(wrong), /NAME=http/, wrong)
})

test('a row is as it is without peers, and has an aim for each of them else', () => {
  const row = singleProduce()
  assert.equal(withPeers(row, []), row)
  const added = withPeers(row, [peerOf('Other=http://127.0.0.1:1')]).aims.slice(row.aims.length)
  assert.deepEqual(
    added.map(({ text }) => text),
    ['HTTP, 50 connections ≥ 1 × Other, 50 connections']
  )
})
