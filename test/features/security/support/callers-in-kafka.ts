import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { keyLine, makeKey } from '../../../../src/auth/api-key-file.ts'
import { AUDIENCE, type TestProvider } from '../../../auth/provider.ts'
import { TestGateway, type TestResponse } from '../../../support/gateway.ts'
import { type AclCluster, DESCRIBE, GROUP, READ, WRITE } from './acl-cluster.ts'

const BELIEVE_MS = 1500

/** A caller by their `Authorization` field. */
class Caller {
  readonly #gateway: TestGateway
  readonly headers: Readonly<Record<string, string>>

  constructor(gateway: TestGateway, authorization: string) {
    this.#gateway = gateway
    this.headers = { authorization }
  }

  async call(method: string, path: string, body?: object, type?: string): Promise<TestResponse> {
    return this.#gateway.request(method, path, {
      token: null,
      headers: { ...this.headers, ...(type === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  }

  write(topic: string): Promise<TestResponse> {
    return this.call('POST', `/v1/producer/topics/${topic}`, { records: [{ value: 'x' }] })
  }

  read(topic: string, from: number | 'latest' = 0): Promise<TestResponse> {
    return this.call('GET', `/v1/consumer/topics/${topic}/partitions/0/offsets/${from}?count=1`)
  }

  async topics(): Promise<string[]> {
    const { json } = await this.call('GET', '/v1/metadata/topics')
    const names: string[] = json.topics
    // The other tests of the cluster have topics too.
    return names.filter(name => /^(mine|shown)-/.test(name))
  }
}

/** An audience whose tokens are shown to Kafka, which does not take them; and one whose tokens are not shown. */
const NOT_KAFKAS = 'https://elsewhere.example'
const NOT_FOR_KAFKA = 'https://gateway.example'

const codeOf = ({ status, json }: TestResponse) => [status, json?.code]
const REFUSED = [403, 'KAFKA_REFUSED']

/** What holds with `kafka.identity: caller`, on a real broker with ACLs. */
export function callersInKafka(cluster: () => AclCluster, provider: () => TestProvider): void {
  suite('As the caller in Kafka', { concurrency: 1 }, () => {
    const basic = (user: string, password: string) =>
      new Caller(gateway, `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`)
    const bearer = async (claims: Readonly<Record<string, unknown>>) =>
      new Caller(gateway, `Bearer ${await provider().token(claims)}`)

    let gateway: TestGateway
    const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-callers-'))
    const write = (name: string, text: string): string => {
      const file = join(folder, name)
      writeFileSync(file, text)
      return file
    }
    const chosen = { principal: 'job', groups: [], roles: [], networks: [], expiresMs: undefined, kafka: 'batch' }
    const key = makeKey(chosen, Date.now())
    let alice: Caller
    let bob: Caller

    before(async () => {
      await cluster().setPassword('alice', 'wonderland')
      await cluster().setPassword('bob', 'builder')
      await cluster().setPassword('carol', 'king')
      await cluster().grant([
        { user: 'alice', operation: READ, name: 'mine-a' },
        { user: 'alice', operation: WRITE, name: 'mine-a' },
        { user: 'bob', operation: READ, name: 'mine-b' },
        { user: 'bob', operation: WRITE, name: 'mine-b' },
        { user: 'bob', operation: DESCRIBE, name: 'shown-a' },
        { user: 'alice', operation: READ, name: 'shown-a' },
        { user: 'alice', operation: WRITE, name: 'shown-a' },
        { user: 'alice', operation: READ, name: 'readers', kind: GROUP },
        { user: 'dave', operation: READ, name: 'mine-a' }
      ])
      gateway = await TestGateway.start({
        bootstrapServers: [cluster().secured],
        settings: {
          apis: { v2: 'confluent' },
          kafka: {
            identity: 'caller',
            callerMechanism: 'SCRAM-SHA-512',
            tokenAudience: [AUDIENCE, NOT_KAFKAS],
            credentials: [
              { name: 'batch', mechanism: 'PLAIN', username: 'alice', passwordFile: write('batch', 'a') },
              { name: 'broken', mechanism: 'PLAIN', username: 'alice', passwordFile: write('broken', 'b') }
            ],
            identityMap: [
              { principals: ['frank'], credentials: 'batch' },
              { principals: ['grace'], credentials: 'broken' }
            ],
            identities: { believeMs: BELIEVE_MS },
            metadataMaxAgeMs: 500
          },
          auth: {
            apiKeys: { file: write('keys', keyLine(key.entry)) },
            oidc: [
              {
                issuer: provider().issuer,
                audience: [AUDIENCE, NOT_KAFKAS, NOT_FOR_KAFKA],
                jwksUri: `${provider().issuer}/keys`,
                principalClaims: ['sub']
              }
            ],
            rules: [
              { principals: ['dave', 'erin', 'frank', 'grace'], operations: ['read', 'write'], topics: ['*'] },
              {
                issuers: ['kafka'],
                principals: ['alice', 'bob'],
                operations: ['read', 'write'],
                topics: ['*'],
                consumerGroups: ['*']
              },
              { issuers: ['apikey'], principals: ['job'], operations: ['read', 'write'], topics: ['*'] },
              { issuers: ['kafka'], principals: ['carol'], operations: ['read'], topics: ['mine-a'] }
            ]
          }
        }
      })
      alice = basic('alice', 'wonderland')
      bob = basic('bob', 'builder')
    })
    after(async () => {
      await gateway.close()
      rmSync(folder, { recursive: true, force: true })
    })

    test('each caller reads and writes what their own ACLs allow, and nothing that was fetched for another is shown', async () => {
      assert.equal((await alice.write('mine-a')).status, 200)
      assert.equal((await alice.write('shown-a')).status, 200)
      // Each twice: from Kafka, then from whatever was kept of it.
      for (const topic of ['mine-a', 'shown-a']) {
        for (let read = 0; read < 2; read++) assert.equal((await alice.read(topic)).json.records.length, 1)
        for (let read = 0; read < 2; read++) assert.deepEqual(codeOf(await bob.read(topic)), REFUSED)
      }
      assert.deepEqual(codeOf(await bob.read('mine-a', 'latest')), REFUSED)
      assert.deepEqual(codeOf(await bob.write('mine-a')), REFUSED)
      assert.deepEqual(codeOf(await bob.write('shown-a')), REFUSED)
      assert.deepEqual(await alice.topics(), ['mine-a', 'shown-a'])
      assert.deepEqual(await bob.topics(), ['mine-b', 'shown-a'])
    })

    test('polls that wait, and reads that begin together, are shared with nobody else', async () => {
      const path = '/v1/consumer/topics/mine-a/partitions/0/offsets/1?count=1&wait=3000'
      const waiting = alice.call('GET', path)
      const refused = bob.call('GET', path)
      assert.deepEqual(codeOf(await refused), REFUSED)
      const whole = '/v1/consumer/topics/mine-a/records?from=earliest'
      const [hers, his] = await Promise.all([alice.call('GET', whole), bob.call('GET', whole)])
      assert.deepEqual([hers.json.records.length, codeOf(his)], [1, REFUSED])
      await alice.write('mine-a')
      assert.equal((await waiting).json.records.length, 1)
    })

    test('streams that stand at the same place travel together with those of the same identity only', async () => {
      const { next } = (await alice.call('GET', '/v1/consumer/topics/shown-a/records')).json
      const open = ({ headers }: Caller) =>
        gateway.stream(`/v1/consumer/topics/shown-a/records?from=${next}`, {
          ...headers,
          accept: 'application/x-ndjson'
        })
      const hers = await open(alice)
      // Bob may see the topic, and not read it.
      const his = await open(bob)
      await alice.write('shown-a')
      await hers.until(({ text }) => text.includes('"value":"x"'))
      await his.untilEnded()
      assert.match(his.text, /KAFKA_REFUSED/)
      assert.doesNotMatch(his.text, /"value"/)
      hers.close()
    })

    test('rules of the gateway count as well: both must agree', async () => {
      const carol = basic('carol', 'king')
      assert.deepEqual(codeOf(await carol.read('mine-a')), REFUSED)
      assert.deepEqual(codeOf(await carol.read('mine-b')), [404, 'TOPIC_NOT_FOUND'])
    })

    test('a wrong password is refused while the right one is connected', async () => {
      const wrong = await basic('alice', 'wrong').read('mine-a')
      assert.deepEqual(codeOf(wrong), [401, 'INVALID_CREDENTIALS'])
      assert.match(String(wrong.headers['www-authenticate']), /Basic realm="kafka", charset="UTF-8"$/)
      assert.equal((await alice.read('mine-a')).status, 200)
    })

    test('a token that is meant for Kafka is shown to it once it was verified here; Kafka may refuse it all the same', async () => {
      const dave = await bearer({ sub: 'dave' })
      assert.equal((await dave.read('mine-a')).json.records.length, 1)
      assert.deepEqual(codeOf(await dave.write('mine-a')), REFUSED)
      assert.deepEqual(codeOf(await (await bearer({ sub: 'erin' })).read('mine-a')), REFUSED)
      const forged = new Caller(gateway, `${dave.headers.authorization.slice(0, -6)}AAAAAA`)
      assert.deepEqual(codeOf(await forged.read('mine-a')), [401, 'INVALID_TOKEN'])
      const refused = await (await bearer({ sub: 'dave', aud: NOT_KAFKAS })).read('mine-a')
      assert.deepEqual(codeOf(refused), [401, 'INVALID_CREDENTIALS'])
    })

    test('a token that is not meant for Kafka stays here, and its caller has no identity there', async () => {
      const dave = await bearer({ sub: 'dave', aud: NOT_FOR_KAFKA })
      assert.deepEqual(codeOf(await dave.read('mine-a')), [403, 'NO_KAFKA_IDENTITY'])
    })

    test('by kafka.sasl the gateway looks after Kafka for readiness, and lends it to nobody', async t => {
      const sasl = { mechanism: 'PLAIN', username: 'gateway', password: 'secret' }
      const kafka = { identity: 'caller', callerMechanism: 'PLAIN', sasl }
      const rule = { issuers: ['kafka'], principals: ['bob'], operations: ['read'], topics: ['*'] }
      const other = await TestGateway.start({
        bootstrapServers: [cluster().secured],
        settings: { kafka, auth: { rules: [rule] } }
      })
      t.after(() => other.close())
      const authorization = `Basic ${Buffer.from('bob:b').toString('base64')}`
      assert.deepEqual(codeOf(await new Caller(other, authorization).read('mine-a')), REFUSED)
      assert.deepEqual(codeOf(await other.get('/v1/metadata/topics')), [403, 'NO_KAFKA_IDENTITY'])
    })

    test('others act as the user that the configuration has for them: by their key, or by their name', async () => {
      const job = new Caller(gateway, `Bearer ${key.text}`)
      const frank = await bearer({ sub: 'frank', aud: NOT_FOR_KAFKA })
      for (const caller of [job, frank]) {
        assert.equal((await caller.read('mine-a')).json.records.length, 1)
        assert.deepEqual(codeOf(await caller.read('mine-b')), REFUSED)
      }
      const grace = await bearer({ sub: 'grace', aud: NOT_FOR_KAFKA })
      assert.deepEqual(codeOf(await grace.read('mine-a')), [503, 'KAFKA_UNAVAILABLE'])
      const { fields } = gateway.logged.find(({ message }) => /an entry of kafka\.credentials/.test(message)) ?? {}
      assert.match(JSON.stringify(fields), /broken.*SASL authentication failed/)
    })

    test('a consumer instance belongs to its user, whatever the password; an old password ends within believeMs, its streams too', async () => {
      const v2 = 'application/vnd.kafka.v2+json'
      const base = '/consumers/readers/instances/one'
      const made = await alice.call('POST', '/consumers/readers', { name: 'one', 'auto.offset.reset': 'earliest' }, v2)
      assert.equal(made.status, 200)
      assert.equal((await alice.call('POST', `${base}/subscription`, { topics: ['shown-a'] }, v2)).status, 204)
      // Kafka's word: bob may not use the group.
      assert.equal((await bob.call('GET', `${base}/subscription`)).status, 403)

      const path = '/v1/consumer/topics/mine-a/records?from=latest'
      const stream = await gateway.stream(path, { ...alice.headers, accept: 'application/x-ndjson' })
      await cluster().setPassword('alice', 'looking-glass')
      for (const end = Date.now() + 4 * BELIEVE_MS; ;) {
        const { status } = await alice.read('mine-a')
        if (status === 401) break
        assert.ok(Date.now() < end, 'the old password still counts')
        await sleep(100)
      }
      await stream.untilEnded()
      assert.match(stream.text, /INVALID_CREDENTIALS/)
      const renewed = basic('alice', 'looking-glass')
      assert.equal((await renewed.read('mine-a')).status, 200)
      assert.deepEqual((await renewed.call('GET', `${base}/subscription`)).json.topics, ['shown-a'])
      assert.equal((await renewed.call('DELETE', base)).status, 204)
    })
  })
}
