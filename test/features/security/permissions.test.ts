import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { operations } from '../../../src/core/principal.ts'
import { appWithGroups, appWithoutGroups, GROUP_ID, outsider } from '../../../src/dev/identity/directory.ts'
import { TestGateway, uniqueTopic, type TestResponse } from '../../support/gateway.ts'

const run = uniqueTopic('permit')
const topicFor = (operation: string): string => `${run}-${operation}`
/** Exists, and no rule says a word of it. */
const HIDDEN = `${run}.hidden`

const ADMIN = appWithGroups.objectId
const USER = outsider.objectId

suite('Permissions over HTTPS', () => {
  let gateway: TestGateway
  let token: string

  before(async () => {
    gateway = await TestGateway.start({
      settings: {
        auth: {
          permittedGroups: [],
          rules: [
            { principals: [ADMIN], operations: [...operations], topics: ['*'] },
            ...operations.map(operation => ({
              principals: [USER],
              operations: [operation],
              topics: [topicFor(operation), `${topicFor(operation)}.*`]
            })),
            { groups: [GROUP_ID], operations: ['read'], topics: [topicFor('read')] },
            { principals: [USER], operations: ['read'], topics: [], consumerGroups: [`${run}-mine*`, `${run}-exact`] },
            { principals: [USER], operations: ['describe', 'delete'], topics: [], consumerGroups: [`${run}-seen`] }
          ]
        }
      }
    })
    token = await gateway.token(outsider)
    for (const topic of [HIDDEN, ...operations.map(topicFor)]) await gateway.createTopic(topic)
  })
  after(() => gateway.close())

  const calls: Readonly<Record<string, (topic: string) => Promise<TestResponse>>> = {
    read: topic => ask('GET', `/v1/consumer/topics/${topic}/partitions/0/offsets/0`),
    write: topic => ask('POST', `/v1/producer/topics/${topic}`, '{"records":[{"value":1}]}'),
    describeAll: topic => ask('GET', `/v1/metadata/topics/${topic}/partitions`),
    describeOne: topic => ask('GET', `/v1/metadata/topics/${topic}/partitions/0`),
    create: topic => ask('PUT', `/v1/topics/${topic}`, '{}'),
    delete: topic => ask('DELETE', `/v1/topics/${topic}`)
  }
  const ask = (method: string, path: string, body?: string) =>
    gateway.request(method, path, { token, ...(body === undefined ? {} : { body }) })

  /** Permission, then route → what is answered for a topic that exists. */
  const [NO, UNSEEN] = ['403 NOT_PERMITTED', '404 TOPIC_NOT_FOUND']
  const table: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    read: { read: '200', write: NO, describeAll: '200', describeOne: '200', create: NO, delete: NO },
    write: { read: NO, write: '200', describeAll: '200', describeOne: '200', create: NO, delete: NO },
    create: {
      read: UNSEEN,
      write: UNSEEN,
      describeAll: UNSEEN,
      describeOne: UNSEEN,
      create: '409 TOPIC_EXISTS',
      delete: UNSEEN
    },
    describe: { read: NO, write: NO, describeAll: '200', describeOne: '200', create: NO, delete: NO },
    alter: { read: NO, write: NO, describeAll: '200', describeOne: '200', create: NO, delete: NO },
    delete: { read: NO, write: NO, describeAll: '200', describeOne: '200', create: NO, delete: '200' }
  }
  for (const [permission, row] of Object.entries(table)) {
    test(`who may ${permission} may do that and nothing else, on every route`, async () => {
      const answers: Record<string, string> = {}
      for (const route of Object.keys(row)) {
        const { status, json } = await calls[route](topicFor(permission))
        answers[route] = `${status} ${json.code ?? ''}`.trim()
      }
      assert.deepEqual(answers, row)
    })
  }

  test('a topic that may not be seen is answered as one that does not exist, to the byte', async () => {
    const missing = `${run}.absent`
    for (const [route, call] of Object.entries(calls)) {
      const [hidden, absent] = [await call(HIDDEN), await call(missing)]
      assert.equal(hidden.status, absent.status, route)
      assert.equal(hidden.text, absent.text.replaceAll(missing, HIDDEN), route)
      assert.equal(hidden.status, route === 'create' ? 403 : 404, route)
    }
    // What is said of a topic that may be seen and does not exist has the same words.
    const seen = `${topicFor('read')}.absent`
    const [honest, hidden] = [await calls.read(seen), await calls.read(HIDDEN)]
    assert.equal(honest.text.replaceAll(seen, HIDDEN), hidden.text)
  })

  test("a hidden topic hides Kafka's own too, and a permitted prefix does not open them", async () => {
    const { status, json } = await calls.read('__consumer_offsets')
    assert.deepEqual([status, json.code], [404, 'TOPIC_NOT_FOUND'])
    const admin = await gateway.read('__consumer_offsets', 0, 0)
    assert.deepEqual([admin.status, admin.json.code], [403, 'INTERNAL_TOPIC'])
  })

  test('the list shows what may be described, and brokers are shown to everybody who is let in', async () => {
    const { topics } = (await ask('GET', '/v1/metadata/topics')).json
    assert.deepEqual(topics, ['alter', 'describe', 'read', 'write'].map(topicFor))
    assert.ok((await gateway.get('/v1/metadata/topics')).json.topics.includes(HIDDEN))
    assert.equal((await ask('GET', '/v1/metadata/brokers')).status, 200)
  })

  test('a percent-encoded name is judged by what it says, decoded once', async () => {
    const encoded = (name: string) => name.replaceAll('-', '%2D')
    assert.equal((await calls.read(encoded(topicFor('read')))).status, 200)
    assert.equal((await calls.read(encoded(HIDDEN).replaceAll('.', '%2e'))).status, 404)
    const tricks = [
      encoded(topicFor('read')).replaceAll('%', '%25'),
      `${topicFor('read')}.%2F..%2F${HIDDEN}`,
      `${topicFor('read')}.%00`,
      `${topicFor('read')}.*`,
      topicFor('read').toUpperCase(),
      topicFor('read').replace('p', '%D1%80')
    ]
    for (const trick of tricks) assert.equal((await calls.read(trick)).status, 404, trick)
  })

  test('a topic that may not be written to is refused before the body is understood', async () => {
    const { status } = await ask('POST', `/v1/producer/topics/${HIDDEN}`, '{"records":')
    assert.equal(status, 404)
  })

  test('a group that Graph knows of counts as one in the token', async () => {
    const asked = await gateway.token(appWithoutGroups)
    const path = (topic: string) => `/v1/consumer/topics/${topic}/partitions/0/offsets/0`
    assert.equal((await gateway.request('GET', path(topicFor('read')), { token: asked })).status, 200)
    assert.equal((await gateway.request('GET', path(topicFor('write')), { token: asked })).status, 404)
  })

  test('instances are made and read in the groups that a rule grants, and of topics that one grants', async () => {
    const made = async (group: string) => (await ask('POST', `/consumers/${group}`, '{"name":"i"}')).status
    const [mine, exact, seen, other] = ['mine-1', 'exact', 'seen', 'other'].map(name => `${run}-${name}`)
    assert.deepEqual([await made(mine), await made(exact), await made(seen), await made(other)], [200, 200, 403, 403])
    assert.equal(await made(`${exact}-longer`), 403)
    const base = `/consumers/${mine}/instances/i`
    const subscribed = async (topic: string) =>
      (await ask('POST', `${base}/subscription`, JSON.stringify({ topics: [topic] }))).status
    for (const topic of [HIDDEN, `${run}.absent`, topicFor('describe')])
      assert.equal(await subscribed(topic), 403, topic)
    assert.equal(await subscribed(topicFor('read')), 204)
    assert.equal((await ask('GET', `${base}/records?timeout=0`)).status, 200)
    for (const path of ['records', 'subscription', 'assignments', 'offsets']) {
      const { status, json } = await ask('GET', `/consumers/${other}/instances/i/${path}`)
      assert.deepEqual([status, json.error_code], [403, 40_301], path)
    }
    assert.equal((await ask('DELETE', base)).status, 204)
    assert.equal((await ask('DELETE', `/consumers/${exact}/instances/i`)).status, 204)
  })

  test('what the rules let through is stored, what they refuse is not', async () => {
    const stored = async (topic: string) =>
      (await gateway.get(`/v1/metadata/topics/${topic}/partitions/0`)).json.latest_offset
    assert.equal(await stored(topicFor('write')), 1)
    assert.equal(await stored(topicFor('read')), 0)
    assert.equal(await stored(HIDDEN), 0)
  })
})
