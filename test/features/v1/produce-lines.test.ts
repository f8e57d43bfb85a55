import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

const run = promisify(execFile)

suite('Writing lines to Kafka', () => {
  let gateway: TestGateway
  let topic: string
  let folder: string
  before(async () => {
    gateway = await TestGateway.start()
    topic = uniqueTopic('lines')
    await gateway.createTopic(topic, { partition_count: 3 })
    folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-lines-'))
  })
  after(async () => {
    await gateway.close()
    rmSync(folder, { recursive: true })
  })

  const lines = { 'content-type': 'application/x-ndjson' }
  const clientEnvironment = () => ({
    PATH: process.env.PATH,
    CA: gateway.services.certificates.caFile,
    PORT: String(gateway.port),
    TOKEN: gateway.ownToken
  })
  const newTopic = async (partitions = 3) => {
    const name = uniqueTopic('lines')
    await gateway.createTopic(name, { partition_count: partitions })
    return name
  }

  test('each record stands where its answer says, in the order sent, with all that a record can have', async () => {
    const upload = gateway.upload(`/v1/producer/topics/${topic}`, lines)
    const full = {
      key: 'k',
      value: { n: [1, 2] },
      partition: 2,
      timestamp: 7,
      headers: [{ key: 'h', value: 'x' }]
    }
    await upload.send(full, { value: 'no partition of its own' }, { value: 'x', partition: 9 })
    const answer = await upload.answer
    await answer.until(each => each.lines.length === 3)
    const [first, second, third] = answer.lines
    assert.deepEqual([first.partition, third.line, third.code], [2, 3, 'PARTITION_NOT_FOUND'])
    const { json } = await gateway.read(topic, 2, first.offset, 1)
    assert.deepEqual(json.records[0], {
      ...full,
      value: '{"n":[1,2]}',
      offset: first.offset,
      timestampType: 'CREATE_TIME'
    })
    const other = await gateway.read(topic, second.partition, second.offset, 1)
    assert.equal(other.json.records[0].value, 'no partition of its own')
    upload.end()
    await answer.untilEnded()
    assert.equal(answer.lines.length, 3)
  })

  test('of thousands of lines sent at once none is lost, doubled or out of order, and each answer is its own', async () => {
    const name = await newTopic()
    const count = 6000
    const upload = gateway.upload(`/v1/producer/topics/${name}`, lines)
    upload.end(Array.from({ length: count }, (_, at) => `{"value":"${at}","partition":${at % 3}}\n`).join(''))
    const answer = await upload.answer
    await answer.untilEnded()
    assert.deepEqual(
      answer.lines,
      Array.from({ length: count }, (_, at) => ({ partition: at % 3, offset: Math.floor(at / 3) }))
    )
    for (let partition = 0; partition < 3; partition++) {
      const { json } = await gateway.read(name, partition, 0, count)
      assert.deepEqual(
        json.records.map(({ value }: { value: string }) => Number(value)),
        Array.from({ length: json.records.length }, (_, at) => at * 3 + partition)
      )
    }
  })

  test('records behind one that names a new partition do not overtake those before it', async () => {
    const name = await newTopic(1)
    const upload = gateway.upload(`/v1/producer/topics/${name}`, lines)
    for (let at = 0; at < 30; at++) {
      await upload.send({ value: `${at}`, partition: 0 }, ...(at % 3 === 0 ? [{ value: 'x', partition: 7 }] : []))
      await sleep(at % 2)
    }
    upload.end()
    const answer = await upload.answer
    await answer.untilEnded()
    assert.deepEqual(
      answer.lines.filter(({ offset }) => offset !== undefined).map(({ offset }) => offset),
      Array.from({ length: 30 }, (_, at) => at)
    )
    const { json } = await gateway.read(name, 0, 0)
    assert.deepEqual(
      json.records.map(({ value }: { value: string }) => Number(value)),
      Array.from({ length: 30 }, (_, at) => at)
    )
  })

  test('of a topic that is deleted meanwhile, lines have TOPIC_NOT_FOUND', async () => {
    const name = await newTopic(1)
    const upload = gateway.upload(`/v1/producer/topics/${name}`, lines)
    await upload.send({ value: 1 })
    const answer = await upload.answer
    await answer.until(each => each.lines.length === 1)
    await gateway.request('DELETE', `/v1/topics/${name}`)
    await upload.send({ value: 2 })
    upload.end()
    await answer.untilEnded()
    assert.equal(answer.lines[1].code, 'TOPIC_NOT_FOUND')
  })

  test('curl sends what comes from a pipe, and prints every answer', async () => {
    const name = await newTopic(1)
    const url = `https://localhost:${gateway.port}/v1/producer/topics/${name}`
    const { stdout } = await run(
      'sh',
      [
        '-c',
        `(echo '{"value":0}'; sleep 0.1; printf '{"value":1}\\n{"value":2}') | curl -sSN -4 --max-time 20 --cacert "$CA" -H "Authorization: Bearer $TOKEN" -X POST -T - -H 'Content-Type: application/x-ndjson' ${url}`
      ],
      { env: clientEnvironment() }
    )
    assert.equal(stdout, [0, 1, 2].map(offset => `{"partition":0,"offset":${offset}}\n`).join(''))
  })

  test('a client that sends everything before it reads, as Python does, gets every answer', async () => {
    const name = await newTopic(3)
    const file = join(folder, 'send.py')
    const count = 10_000
    writeFileSync(
      file,
      `import http.client, json, os, ssl
context = ssl.create_default_context(cafile=os.environ["CA"])
connection = http.client.HTTPSConnection("localhost", int(os.environ["PORT"]), context=context, timeout=30)
body = (b'{"key":"%d","value":%d}\\n' % (n % 1000, n) for n in range(${count}))
headers = {"Authorization": "Bearer " + os.environ["TOKEN"], "Content-Type": "application/x-ndjson"}
connection.request("POST", "/v1/producer/topics/${name}", body, headers, encode_chunked=True)
answers = [json.loads(line) for line in connection.getresponse()]
print(len(answers), len({(each["partition"], each["offset"]) for each in answers}))
`
    )
    const { stdout } = await run('python3', [file], { env: clientEnvironment(), timeout: 60_000 })
    assert.equal(stdout, `${count} ${count}\n`)
  })
})
