import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { keyLine, type KeyEntry } from '../../../src/auth/api-key-file.ts'
import { digestOf, newKey } from '../../../src/auth/api-key-text.ts'
import { hashPassword } from '../../../src/auth/password-hash.ts'
import { userLine } from '../../../src/auth/user-file.ts'
import { TestGateway, type TestRequest } from '../../support/gateway.ts'

const WITHIN_MS = 5000
/** Answered without Kafka: 400 for who may read the topic, 404 for all others who are let in. */
const READ = '/v1/consumer/topics/orders/partitions/0/offsets/x'
const LET_IN = '400 INVALID_OFFSET'

const [billing, revoked, expired, elsewhere] = [newKey(), newKey(), newKey(), newKey()]

const entryOf = ({ id, text }: { id: string; text: string }, changes: Partial<KeyEntry> = {}): KeyEntry => ({
  id,
  sha256: digestOf(text).toString('hex'),
  principal: 'billing',
  groups: [],
  roles: [],
  createdMs: 0,
  expiresMs: undefined,
  revokedMs: undefined,
  networks: [],
  ...changes
})

suite('A gateway with tokens and API keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-callers-'))
  const keys = join(folder, 'keys')
  const audit = join(folder, 'audit')
  const write = (...entries: readonly KeyEntry[]) => writeFileSync(keys, `${entries.map(keyLine).join('\n')}\n`)
  let gateway: TestGateway

  before(async () => {
    write(
      entryOf(billing),
      entryOf(revoked, { revokedMs: 1 }),
      entryOf(expired, { expiresMs: 1 }),
      entryOf(elsewhere, { networks: ['10.0.0.0/8'] })
    )
    gateway = await TestGateway.start({
      bootstrapServers: ['127.0.0.1:1'],
      awaitReady: false,
      settings: {
        auth: {
          apiKeys: { file: keys },
          rules: [{ issuers: ['apikey'], principals: ['billing'], operations: ['read'], topics: ['orders'] }]
        },
        audit: { output: audit }
      }
    })
  })

  after(async () => {
    await gateway.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const ask = async (headers: Record<string, string>, path = READ, more: TestRequest = {}) => {
    const { status, json, headers: fields } = await gateway.request('GET', path, { token: null, headers, ...more })
    return { outcome: `${status} ${json?.code}`, text: JSON.stringify(json), challenge: fields['www-authenticate'] }
  }
  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const lastAudit = async (): Promise<Record<string, unknown>> => {
    const lines = readFileSync(audit, 'utf8').trimEnd().split('\n')
    return JSON.parse(lines[lines.length - 1]) as Record<string, unknown>
  }

  test(
    'lets both in, each by its own credential, and puts the key by its id on record',
    { timeout: 30_000 },
    async () => {
      assert.equal((await ask({ authorization: `Bearer ${billing.text}` })).outcome, LET_IN)
      await sleep(200)
      const { principal_id, principal_kind, issuer, client_id } = await lastAudit()
      assert.deepEqual(
        [principal_id, principal_kind, issuer, client_id],
        ['billing', 'application', 'apikey', billing.id]
      )
      assert.equal((await gateway.request('GET', READ)).status, 404)
      assert.equal((await ask({ 'x-api-key': billing.text })).outcome, LET_IN)
      assert.equal((await ask({ authorization: basic('key', billing.text) })).outcome, LET_IN)
    }
  )

  test('refuses every bad key with the same bytes, and names no reason', { timeout: 30_000 }, async () => {
    const texts = new Set<string>()
    for (const { text } of [newKey(), revoked, expired, elsewhere, { text: `${billing.text.slice(0, -1)}!` }]) {
      const { outcome, text: body, challenge } = await ask({ authorization: `Bearer ${text}` })
      assert.equal(outcome, '401 INVALID_CREDENTIALS')
      texts.add(`${body} ${String(challenge)}`)
    }
    assert.equal((await ask({ authorization: basic('alice', billing.text) })).outcome, '401 INVALID_CREDENTIALS')
    assert.equal(texts.size, 1)
  })

  test('does not guess between two credentials', { timeout: 30_000 }, async () => {
    const both = { authorization: `Bearer ${billing.text}`, 'x-api-key': billing.text }
    assert.equal((await ask(both)).outcome, '400 SEVERAL_CREDENTIALS')
    assert.equal((await ask({ authorization: 'Bearer x', 'x-api-key': 'x' })).outcome, '400 SEVERAL_CREDENTIALS')
    assert.equal((await ask({ 'x-api-key': `${billing.text}, ${billing.text}` })).outcome, '401 INVALID_CREDENTIALS')
  })

  test(
    'refuses a key in the query, whoever sends it, logs it nowhere, and records its id',
    { timeout: 30_000 },
    async () => {
      const path = `${READ}?api_key=${billing.text}`
      assert.equal((await ask({}, path)).outcome, '400 CREDENTIAL_IN_QUERY')
      assert.equal((await gateway.request('GET', path)).status, 400)
      await sleep(200)
      const { client_id, reason, outcome } = await lastAudit()
      assert.deepEqual([client_id, reason, outcome], [billing.id, 'CREDENTIAL_IN_QUERY', 'failed'])
      const lines = gateway.logged.filter(({ fields }) => (fields as { code?: string }).code === 'CREDENTIAL_IN_QUERY')
      assert.equal(lines.length, 1, 'whoever repeats it does not flood the log')
      const written = JSON.stringify(gateway.logged) + readFileSync(audit, 'utf8')
      assert.ok(!written.includes(billing.text))
      assert.ok(written.includes(billing.id))
    }
  )

  test(
    'forgets a revoked key a second later; a file that is gone or empty changes nothing, loudly',
    { timeout: 30_000 },
    async () => {
      const other = newKey()
      write(entryOf(billing), entryOf(other))
      const use = () => ask({ authorization: `Bearer ${other.text}` })
      const until = async (expected: string) => {
        for (const end = performance.now() + WITHIN_MS; performance.now() < end; await sleep(50))
          if ((await use()).outcome === expected) return
        assert.fail(`not ${expected} within ${WITHIN_MS} ms`)
      }
      await until(LET_IN)
      const complaint = () =>
        gateway.logged.some(({ message }) => message.startsWith('THE FILE OF CREDENTIALS CANNOT BE USED'))
      writeFileSync(keys, '')
      for (const end = performance.now() + WITHIN_MS; performance.now() < end && !complaint();) await sleep(50)
      assert.ok(complaint())
      assert.equal((await use()).outcome, LET_IN)
      write(entryOf(billing), entryOf(other, { revokedMs: 1 }))
      await until('401 INVALID_CREDENTIALS')
    }
  )
})

suite('A gateway behind a proxy', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-proxied-'))
  const [keys, audit] = [join(folder, 'keys'), join(folder, 'audit')]
  const local = newKey()
  const started = (trustedProxies: readonly string[]) =>
    TestGateway.start({
      bootstrapServers: ['127.0.0.1:1'],
      awaitReady: false,
      settings: {
        listen: { trustedProxies, clientAddressFrom: 'x-forwarded-for' },
        auth: {
          apiKeys: { file: keys },
          rules: [{ issuers: ['apikey'], principals: ['billing'], operations: ['read'], topics: ['orders'] }]
        },
        audit: { output: audit }
      }
    })

  before(() => writeFileSync(keys, `${keyLine(entryOf(local, { networks: ['192.0.2.0/24'] }))}\n`))
  after(() => rmSync(folder, { recursive: true, force: true }))

  const cases: readonly [string, readonly string[], string, string][] = [
    ['believes a trusted proxy', ['127.0.0.0/8'], LET_IN, '192.0.2.7'],
    ['ignores the field of a stranger', ['10.0.0.0/8'], '401 INVALID_CREDENTIALS', '127.0.0.1']
  ]
  for (const [name, trusted, expected, address] of cases) {
    test(`${name}: for the networks of a key, and on record`, { timeout: 30_000 }, async t => {
      const gateway = await started(trusted)
      t.after(() => gateway.close())
      const headers = {
        authorization: `Bearer ${local.text}`,
        'x-forwarded-for': '6.6.6.6, 192.0.2.7',
        forwarded: 'for=7.7.7.7'
      }
      const { status, json } = await gateway.request('GET', READ, { token: null, headers })
      assert.equal(`${status} ${json.code}`, expected)
      await sleep(200)
      const lines = readFileSync(audit, 'utf8').trimEnd().split('\n')
      assert.equal((JSON.parse(lines[lines.length - 1]) as { address: string }).address, address)
    })
  }
})

suite('A gateway with tokens, API keys and passwords', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-passwords-'))
  const [keys, users] = [join(folder, 'keys'), join(folder, 'users')]
  const key = newKey()
  let gateway: TestGateway

  before(async () => {
    writeFileSync(keys, `${keyLine(entryOf(key, { principal: 'alice' }))}\n`)
    writeFileSync(users, `${userLine({ name: 'alice', hash: hashPassword('right'), groups: [], roles: [] })}\n`)
    gateway = await TestGateway.start({
      bootstrapServers: ['127.0.0.1:1'],
      awaitReady: false,
      settings: {
        listen: { trustedProxies: ['127.0.0.0/8'], clientAddressFrom: 'x-forwarded-for' },
        auth: {
          apiKeys: { file: keys },
          basic: { file: users },
          rules: [
            { issuers: ['basic'], principals: ['alice'], operations: ['read'], topics: ['orders'] },
            { issuers: ['apikey'], principals: ['alice'], operations: ['read'], topics: ['other'] }
          ]
        }
      }
    })
  })

  after(async () => {
    await gateway.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const ask = async (headers: Record<string, string>) => {
    const answer = await gateway.request('GET', READ, { token: null, headers })
    return { outcome: `${answer.status} ${answer.json.code}`, headers: answer.headers, text: answer.text }
  }

  test('names every scheme in a 401, Basic only to who is no script of a page', { timeout: 30_000 }, async () => {
    const challenge = async (headers: Record<string, string>) => (await ask(headers)).headers['www-authenticate']
    const basicChallenge = 'Basic realm="kafka", charset="UTF-8"'
    assert.equal(await challenge({}), `Bearer, ${basicChallenge}`)
    assert.equal(await challenge({ 'sec-fetch-mode': 'navigate' }), `Bearer, ${basicChallenge}`)
    assert.equal(await challenge({ 'sec-fetch-mode': 'cors' }), 'Bearer')
    assert.equal(await challenge({ origin: 'https://page.example' }), 'Bearer')
    const message = 'The token is malformed.'
    assert.equal(
      await challenge({ authorization: 'Bearer x' }),
      `Bearer error="invalid_token", error_description="${message}", ${basicChallenge}`
    )
    assert.match((await ask({})).text, /A bearer token, an API key or a user name and password is needed\./)
  })

  test('takes the same name of another scheme for somebody else', { timeout: 30_000 }, async () => {
    assert.equal((await ask({ authorization: basic('alice', 'right') })).outcome, LET_IN)
    assert.equal((await ask({ authorization: `Bearer ${key.text}` })).outcome, '404 TOPIC_NOT_FOUND')
    assert.equal((await ask({ authorization: basic('alice', key.text) })).outcome, '401 INVALID_CREDENTIALS')
  })

  test('slows down a guesser, and nobody else', { timeout: 60_000 }, async () => {
    const from = (address: string, password: string) =>
      ask({ authorization: basic('alice', password), 'x-forwarded-for': address })
    assert.equal((await from('192.0.2.1', 'right')).outcome, LET_IN)
    const outcomes = new Set<string>()
    for (let n = 0; n < 20; n++) outcomes.add((await from('192.0.2.9', `guess ${n}`)).outcome)
    assert.deepEqual([...outcomes], ['401 INVALID_CREDENTIALS', '429 TOO_MANY_ATTEMPTS'])
    const held = await from('192.0.2.9', 'guess')
    assert.equal(Number(held.headers['retry-after']) >= 1, true)
    const lines = gateway.logged.filter(({ fields }) => (fields as { code?: string }).code === 'TOO_MANY_ATTEMPTS')
    assert.equal(lines.length, 1)
    // The victim, from elsewhere and even from there, since the password is remembered.
    assert.equal((await from('192.0.2.1', 'right')).outcome, LET_IN)
    assert.equal((await from('192.0.2.9', 'right')).outcome, LET_IN)
    assert.equal((await ask({ 'x-api-key': key.text, 'x-forwarded-for': '192.0.2.9' })).outcome, '404 TOPIC_NOT_FOUND')
  })

  test('refuses what a foreign page makes a browser send, with a good password too', { timeout: 30_000 }, async () => {
    const headers = {
      authorization: basic('alice', 'right'),
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site'
    }
    assert.equal((await ask(headers)).outcome, '403 NOT_PERMITTED')
  })

  test('answers an unknown user with the bytes and the time of a known one', { timeout: 60_000 }, async () => {
    const times: Record<string, number[]> = { alice: [], nobody: [] }
    const texts = new Set<string>()
    for (let n = 0; n < 25; n++) {
      for (const user of ['alice', 'nobody']) {
        const headers = { authorization: basic(user, `wrong ${n}`), 'x-forwarded-for': `198.51.100.${n}` }
        const startMs = performance.now()
        const { outcome, text } = await ask(headers)
        times[user].push(performance.now() - startMs)
        texts.add(`${outcome} ${text}`)
      }
    }
    assert.equal(texts.size, 1)
    const median = (values: number[]) => values.toSorted((one, two) => one - two)[12]
    const ratio = median(times.alice) / median(times.nobody)
    assert.ok(ratio > 0.7 && ratio < 1.4, `known / unknown: ${ratio}`)
  })
})
