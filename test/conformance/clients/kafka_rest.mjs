// Brokers, topics, partitions and produce, with the media types of v1.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'

const { KAFKA_REST_TEST_URL: url, KAFKA_REST_TEST_KEY: key, KAFKA_REST_TEST_TOPIC: name } = process.env
const Client = createRequire(join(process.cwd(), 'package.json'))('kafka-rest')
const client = new Client({ url, headers: { Authorization: `Bearer ${key}` } })
const call = (object, method, ...args) => promisify(object[method]).call(object, ...args)

assert.equal((await call(client.brokers, 'list')).length, 1)
assert.ok((await call(client.topics, 'list')).some(each => each.name === name))
const topic = client.topic(name)
assert.equal((await call(topic, 'get')).raw.partitions.length, 1)
assert.equal((await call(topic.partitions, 'list'))[0].raw.partition, 0)
assert.equal((await call(topic.partition(0), 'get')).raw.replicas.length, 1)
await assert.rejects(call(client.topic(`${name}-nowhere`), 'get'), { status: 404 })

// With a schema the client sends keys and values as they are given to it, and `binary` wants base64.
const base64 = text => Buffer.from(text).toString('base64')
const record = value => ({ key: base64('k'), value: base64(value) })
const binary = new Client.BinarySchema()
const stored = await call(
  topic,
  'produce',
  binary,
  { ...record('one'), partition: 0 },
  { ...record('two'), partition: 0 }
)
assert.deepEqual(
  stored.offsets.map(({ offset, error_code }) => [offset, error_code]),
  [
    [0, null],
    [1, null]
  ]
)
const third = await call(topic.partition(0), 'produce', binary, record('three'))
assert.equal(third.offsets[0].offset, 2)
const path = `/topics/${name}/partitions/0/records?offset=0`
const page = await call(client, 'request', { path, accept: 'application/vnd.kafka.text.v2+json' })
assert.deepEqual(
  page.map(({ value }) => value),
  ['one', 'two', 'three']
)
