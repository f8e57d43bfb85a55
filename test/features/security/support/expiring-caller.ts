import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AUDIENCE, type TestProvider } from '../../../auth/provider.ts'
import { TestGateway } from '../../../support/gateway.ts'
import { type AclCluster, GROUP, READ, WRITE } from './acl-cluster.ts'

const V2 = 'application/vnd.kafka.v2+json'
const INSTANCE = '/consumers/lasting/instances/one'

/** What becomes of a consumer instance when the token of its caller ends, with `kafka.identity: caller`. */
export function expiringCaller(cluster: () => AclCluster, provider: () => TestProvider): void {
  test('a token that expires under a consumer instance is 401 at once; with a newer one the instance goes on where it was', async t => {
    await cluster().grant([
      { user: 'ellen', operation: READ, name: 'lasting' },
      { user: 'ellen', operation: WRITE, name: 'lasting' },
      { user: 'ellen', operation: READ, name: 'lasting', kind: GROUP }
    ])
    const issuer = {
      issuer: provider().issuer,
      audience: [AUDIENCE],
      jwksUri: `${provider().issuer}/keys`,
      principalClaims: ['sub'],
      // Kafka tolerates as much, but ends each session with such a token at once.
      clockToleranceMs: 30_000
    }
    const everything = { operations: ['read', 'write'], topics: ['*'], consumerGroups: ['*'] }
    const gateway = await TestGateway.start({
      bootstrapServers: [cluster().secured],
      settings: {
        apis: { v2: 'confluent' },
        kafka: { identity: 'caller', tokenAudience: [AUDIENCE] },
        auth: { oidc: [issuer], rules: [{ principals: ['ellen'], ...everything }] }
      }
    })
    t.after(() => gateway.close())
    const tokenFor = (seconds: number, more: object = {}) =>
      provider().token({ sub: 'ellen', exp: Math.floor(Date.now() / 1000) + seconds, ...more })
    const call = async (token: string, method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': V2 }) }
      const sent = body === undefined ? {} : { body: JSON.stringify(body) }
      return gateway.request(method, path, { token: null, headers, ...sent })
    }
    const write = async (token: string, value: string) => {
      const { status } = await call(token, 'POST', '/topics/lasting', { records: [{ value }] })
      assert.equal(status, 200)
    }
    const valuesOf = ({ status, json }: Awaited<ReturnType<typeof call>>) => {
      assert.equal(status, 200)
      return (json as { value: string }[]).map(({ value }) => value)
    }

    // Other claims are another identity in Kafka: only what that has ends with the short token.
    const first = await tokenFor(600, { jobs: 'first' })
    await write(first, 'a')
    const settings = { name: 'one', format: 'json', 'auto.offset.reset': 'earliest' }
    assert.equal((await call(first, 'POST', '/consumers/lasting', settings)).status, 200)
    assert.equal((await call(first, 'POST', `${INSTANCE}/subscription`, { topics: ['lasting'] })).status, 204)
    const short = await tokenFor(4)
    assert.deepEqual(valuesOf(await call(short, 'GET', `${INSTANCE}/records?timeout=3000`)), ['a'])
    for (const end = Date.now() + 10_000; ; await sleep(50)) {
      const { status, json } = await call(short, 'GET', `${INSTANCE}/records?timeout=100`)
      if (status === 401) break
      assert.deepEqual([status, json], [200, []])
      assert.ok(Date.now() < end, 'the token still counts')
    }
    assert.equal((await call(short, 'GET', `${INSTANCE}/subscription`)).status, 401)

    const renewed = await tokenFor(600)
    await write(renewed, 'b')
    assert.deepEqual(valuesOf(await call(renewed, 'GET', `${INSTANCE}/records?timeout=3000`)), ['b'])
    assert.equal((await call(renewed, 'DELETE', INSTANCE)).status, 204)
  })
}
