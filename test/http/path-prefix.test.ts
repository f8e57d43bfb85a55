import assert from 'node:assert/strict'
import { type TestContext, suite, test } from 'node:test'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadConfig } from '../../src/config/load.ts'
import { apisForTests, startFront, TOKEN } from './support/front.ts'

const speaks = { pathPrefix: '/team/kafka' }

async function statuses(context: TestContext, paths: readonly string[], headers: Record<string, string> = {}) {
  const { call } = await startFront(context, { speaks })
  return Promise.all(
    paths.map(async path => (await call(path, { headers: { authorization: TOKEN, ...headers } })).status)
  )
}

const OURS = ['/v1/metadata/topics', '/topics', '/topics/a?x=/', '/health/live', '/openapi/v2.json', '/', '/brokers/']

suite('Below `apis.pathPrefix`', () => {
  test('everything is served that is served without it, and nothing else', async context => {
    assert.deepEqual(
      await statuses(context, OURS),
      OURS.map(() => 200)
    )
    const below = OURS.map(path => `/team/kafka${path}`)
    assert.deepEqual(
      await statuses(context, below),
      OURS.map(() => 200)
    )
    assert.deepEqual(await statuses(context, ['/team/kafka']), [200])
    assert.deepEqual(await statuses(context, ['/team/topics', '/team/kafkatopics', '/kafka/topics']), [404, 404, 404])
  })

  test('a request that the fast path leaves to Node is served too', async context => {
    const { call } = await startFront(context, { speaks })
    const headers = { authorization: TOKEN, accept: 'application/x-ndjson' }
    // The model of the gateway has no streams: the route was found.
    assert.equal((await call('/team/kafka/v1/consumer/topics/a/records', { headers })).status, 500)
    assert.equal((await call('/team/kafka/topics/a/partitions/0', { method: 'HEAD' })).status, 200)
    assert.equal((await call('/team/kafka/topics', { method: 'DELETE' })).status, 405)
  })

  test('descriptions say so, unless they name the public address', async context => {
    const serverOf = async (more: object) => {
      const { call } = await startFront(context, { speaks: { ...speaks, ...more } })
      const { servers } = (await (await call('/openapi/v2.json')).json()) as { servers: { url: string }[] }
      return servers[0].url
    }
    assert.equal(await serverOf({}), '/team/kafka')
    assert.equal(await serverOf({ publicUrl: 'https://kafka.example' }), 'https://kafka.example')
  })

  test('nothing of the gateway can be hidden: a prefix that begins like one of its own paths is refused', () => {
    const withPrefix = (pathPrefix: string) => {
      const listen = { tls: 'none' }
      const kafka = { bootstrapServers: ['kafka:9092'] }
      return loadConfig({ env: {}, flags: { listen, kafka, auth: { mode: 'none' }, apis: { pathPrefix } } }).config.apis
    }
    for (const prefix of ['/kafka', '/team/v1', '/topicsx', '/a.b/~c'])
      assert.equal(withPrefix(prefix).pathPrefix, prefix)
    const own = apisForTests({ docs: { page: 'on' } }).flatMap(({ routes }) => routes.map(({ path }) => path))
    const firsts = new Set(own.map(path => `/${path.split('/')[1]}`).filter(path => path !== '/'))
    assert.ok(firsts.size > 8)
    for (const prefix of [...firsts, '/v1/x', '/v3', '', '/', 'kafka', '/kafka/', '/a b', '/a?b', '/a//b'])
      assert.throws(() => withPrefix(prefix), ConfigError, prefix)
  })
})
