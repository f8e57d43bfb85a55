import assert from 'node:assert/strict'
import { type TestContext, suite, test } from 'node:test'
import type { Dialect } from '../../../src/api/v2/record-form.ts'
import { Deadline } from '../../../src/core/deadline.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { anonymous } from '../../../src/core/principal.ts'
import type { CreateSettings } from '../../../src/gateway/instances/settings.ts'
import { ClientAddresses } from '../../../src/http/client-address.ts'
import { consumersForTests, type FrontSettings, pageOf } from '../../http/support/front.ts'
import { type Answered, speaking } from './support.ts'

const INSTANCE = '/consumers/g/instances/i'

/** A front whose instances are made with whatever is said, and that keeps what was said. */
async function creating(context: TestContext, dialect: Dialect) {
  const made: CreateSettings[] = []
  const front = await speaking(context, dialect, {
    consumers: {
      create: (_call, _group, name, settings) => {
        made.push(settings)
        return Promise.resolve(name ?? 'made')
      }
    }
  })
  const create = (body: object) =>
    front.ask('/consumers/g', { 'content-type': 'application/json' }, { method: 'POST', body: JSON.stringify(body) })
  return { create, made }
}

/** A front whose instances have one record, at offset 7, without a key. */
async function polling(context: TestContext, configured: Dialect, own: Partial<CreateSettings> = {}) {
  const { settings } = consumersForTests
  return speaking(context, configured, {
    consumers: {
      poll: async (call, group, name, requestOf) => {
        const { sink } = requestOf({ ...(await settings(call, group, name)), ...own })
        sink.add('t', pageOf(Buffer.from('"x"')))
        return { records: 1, bytes: 3, sent: () => undefined, lost: () => undefined }
      }
    }
  })
}

const told = ({ status, body }: Answered) => [status, body.error_code]

suite('Consumer instances over v2', () => {
  test('a setting that is wrong makes no instance, and has the number that Confluent has for it', async context => {
    const confluent = await creating(context, 'confluent')
    const strimzi = await creating(context, 'strimzi')
    const cases: [object, number, number][] = [
      [{ format: 'avro2' }, 422, 422],
      [{ format: 'string' }, 422, 422],
      [{ 'fetch.min.bytes': -2 }, 40_001, 422],
      [{ 'fetch.min.bytes': 10_000_001 }, 40_001, 422],
      [{ 'fetch.min.bytes': '100000000000' }, 40_001, 422],
      [{ responseMinBytes: 10_000_001 }, 40_001, 422],
      [{ 'auto.offset.reset': 'never' }, 42_204, 422],
      [{ 'auto.commit.enable': true, 'enable.auto.commit': true }, 42_204, 422]
    ]
    for (const [body, code, bridge] of cases) {
      assert.deepEqual(told(await confluent.create(body)), [422, code], JSON.stringify(body))
      assert.deepEqual(told(await strimzi.create(body)), [422, bridge], JSON.stringify(body))
    }
    assert.deepEqual([confluent.made, strimzi.made], [[], []])
  })

  test('the bounds of `fetch.min.bytes` are taken, as numbers and as text', async context => {
    const { create, made } = await creating(context, 'confluent')
    for (const bytes of [-1, '-1', 0, 10_000_000, '10000000'])
      assert.equal((await create({ 'fetch.min.bytes': bytes })).status, 200)
    assert.deepEqual(
      made.map(({ fetchMinBytes }) => fetchMinBytes),
      [0, 0, 0, 10_000_000, 10_000_000]
    )
  })

  test('the address of an instance is that which its client uses, as far as a trusted proxy knows', async context => {
    const baseUri = async (headers: Record<string, string>, trustedProxies: string[], more: FrontSettings = {}) => {
      const addresses = new ClientAddresses({ trustedProxies, clientAddressFrom: 'socket' })
      const { ask, url } = await speaking(context, 'confluent', { addresses, ...more })
      const body = '{"name":"i"}'
      const path = `${more.speaks?.pathPrefix ?? ''}/consumers/g/`
      const answer = await ask(path, { 'content-type': 'application/json', ...headers }, { method: 'POST', body })
      return String(answer.body.base_uri).replace(url, 'OWN')
    }
    const says = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'kafka.example', 'x-forwarded-prefix': '/rest/' }
    const speaks = { publicUrl: 'https://public.example' }
    assert.equal(await baseUri({}, []), `OWN${INSTANCE}`)
    assert.equal(await baseUri(says, ['10.0.0.0/8']), `OWN${INSTANCE}`)
    assert.equal(await baseUri(says, ['127.0.0.0/8']), `https://kafka.example/rest${INSTANCE}`)
    assert.equal(await baseUri(says, ['127.0.0.0/8'], { speaks }), `https://public.example${INSTANCE}`)
    assert.equal(await baseUri({}, [], { speaks: { pathPrefix: '/rest' } }), `OWN/rest${INSTANCE}`)
  })

  test('errors about an instance have the form that its client knows; those of one that is not there are as configured', async context => {
    const errors: Partial<Record<string, GatewayError>> = {
      held: new GatewayError('NOT_ASSIGNED', 'No.'),
      gone: new GatewayError('INSTANCE_NOT_FOUND', 'No.')
    }
    const partitions = JSON.stringify({ partitions: [{ topic: 't', partition: 0 }] })
    const numbers = async (configured: Dialect, dialect: Dialect) => {
      const { settings } = consumersForTests
      const call = { principal: anonymous, deadline: Deadline.after(1000) }
      const own = { ...(await settings(call, 'g', 'held')), dialect }
      const { ask } = await speaking(context, configured, {
        consumers: {
          heldSettings: (_call, _group, name) => (name === 'held' ? own : undefined),
          seek: (_call, _group, name) => Promise.reject(errors[name] ?? new Error('unexpected')),
          create: () => Promise.reject(new GatewayError('INSTANCE_EXISTS', 'No.'))
        }
      })
      const post = async (path: string, body: string) =>
        told(await ask(`/consumers/g${path}`, { 'content-type': 'application/json' }, { method: 'POST', body }))
      const word = dialect === 'confluent' ? 'auto.commit.enable' : 'enable.auto.commit'
      return [
        await post('/instances/held/positions/end', partitions),
        await post('/instances/held/positions/end', '{}'),
        await post('/instances/gone/positions/end', partitions),
        await post('', `{"${word}":true}`)
      ]
    }
    const cases: [Dialect, Dialect, number[][]][] = [
      [
        'confluent',
        'confluent',
        [
          [409, 40_903],
          [422, 422],
          [404, 40_403],
          [409, 40_902]
        ]
      ],
      [
        'confluent',
        'strimzi',
        [
          [404, 404],
          [400, 400],
          [404, 40_403],
          [409, 409]
        ]
      ],
      [
        'strimzi',
        'confluent',
        [
          [409, 40_903],
          [422, 422],
          [404, 404],
          [409, 40_902]
        ]
      ],
      [
        'strimzi',
        'strimzi',
        [
          [404, 404],
          [400, 400],
          [404, 404],
          [409, 409]
        ]
      ]
    ]
    for (const [configured, dialect, expected] of cases)
      assert.deepEqual(await numbers(configured, dialect), expected, `${configured}, ${dialect}`)
  })

  test('a poll shows timestamps and headers where the client asks for them, and always to those of Strimzi', async context => {
    const plain = { topic: 't', key: null, value: 'Ingi', partition: 0, offset: 7 }
    const confluent = await polling(context, 'confluent')
    const strimzi = await polling(context, 'confluent', { dialect: 'strimzi' })
    const timed = { ...plain, timestamp: 1_700_000_000_000 }
    assert.deepEqual((await confluent.ask(`${INSTANCE}/records`)).body, [plain])
    assert.deepEqual((await confluent.ask(`${INSTANCE}/records?include=headers`)).body, [plain])
    for (const include of ['timestamp', 'timestamp,headers', 'headers,timestamp'])
      assert.deepEqual((await confluent.ask(`${INSTANCE}/records?include=${include}`)).body, [timed], include)
    assert.deepEqual((await strimzi.ask(`${INSTANCE}/records`)).body, [timed])
    assert.deepEqual(told(await confluent.ask(`${INSTANCE}/records?include=keys`)), [400, 400])
  })
})
