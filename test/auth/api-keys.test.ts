import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { suite, test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { type KeyEntry, keyLine, readKeyFile, withKeyReplaced } from '../../src/auth/api-key-file.ts'
import { digestOf, idOf, keyIdInQuery, newKey } from '../../src/auth/api-key-text.ts'
import { createAuthenticator, type Authenticator } from '../../src/auth/authenticator.ts'
import type { Credentials } from '../../src/auth/credentials.ts'
import type { RuleConfig } from '../../src/config/auth-schema.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Log } from '../../src/core/log.ts'
import type { Principal } from '../../src/core/principal.ts'
import { sent } from './sent.ts'

const ignore = () => undefined
const log: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
const NOW_MS = Date.parse('2026-11-29T12:00:00Z')

const RULE: RuleConfig = {
  issuers: ['apikey'],
  principals: ['billing'],
  groups: [],
  roles: [],
  operations: ['read'],
  topics: ['orders'],
  consumerGroups: []
}

const entryOf = (id: string, text: string, changes: Partial<KeyEntry> = {}): KeyEntry => ({
  id,
  sha256: digestOf(text).toString('hex'),
  principal: 'billing',
  groups: [],
  roles: [],
  createdMs: NOW_MS - 1000,
  expiresMs: undefined,
  revokedMs: undefined,
  networks: [],
  ...changes
})

function authenticatorWith(...entries: readonly KeyEntry[]): Authenticator {
  const authenticator = createAuthenticator(
    { mode: 'on', oidc: [], permittedGroups: [], rules: [RULE], apiKeys: { file: 'keys' } },
    log,
    { now: () => NOW_MS }
  )
  const { problems } = authenticator.replaceCredentials('api_keys', entries.map(keyLine).join('\n'))
  assert.deepEqual(problems, [])
  return authenticator
}

function refusal(authenticator: Authenticator, credentials: Credentials): GatewayError {
  try {
    void authenticator.authenticate(credentials)
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error))
    return error
  }
  return assert.fail('the caller was let in')
}

/** The same digits by another way: BigInt's own radix conversion ends at 36. */
function base62(value: number): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  return [5, 4, 3, 2, 1, 0].map(power => digits[Math.floor(value / 62 ** power) % 62]).join('')
}

suite('The text of an API key', () => {
  test('has the published form, and ends with the CRC-32 of all before it', () => {
    for (let n = 0; n < 100; n++) {
      const { id, text } = newKey()
      assert.match(text, /^krp_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/)
      assert.equal(text.slice(-6), base62(crc32(text.slice(0, -6))))
      assert.equal(idOf(text), id)
    }
  })

  test('is told from one with a single wrong character', () => {
    const { text } = newKey()
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('0', 'a', 'Z', '_', '-'), (at, character) => {
        const other = text.slice(0, at) + character + text.slice(at + 1)
        assert.equal(idOf(other) === undefined, other !== text)
      })
    )
  })

  test('is found in a query, however it is encoded, and nowhere else', () => {
    const { id, text } = newKey()
    const encoded = Buffer.from(text).toString('hex').replaceAll(/../g, '%$&')
    for (const query of [`a=${text}`, `key=x${text}y`, `a=1&b=${encoded}`, text])
      assert.equal(keyIdInQuery(`/x?${query}`), id)
    for (const target of [`/${text}`, '/x?key=orders', '/x?a=krp_short', '/x?%', '/x'])
      assert.equal(keyIdInQuery(target), undefined, target)
  })
})

suite('A file of API keys', () => {
  test('is judged line by line: a malformed line is refused by its number, and the others count', () => {
    const { id, text } = newKey()
    const good = keyLine(entryOf(id, text, { groups: ['g'], expiresMs: NOW_MS, networks: ['10.0.0.0/8', '::1'] }))
    const bad = [
      ['{"id":"secret', 'is not JSON'],
      ['[]', 'is no JSON object'],
      [good, `${id} is there already`],
      [good.replace(id, 'short'), 'id is missing or malformed'],
      [good.replace(id, 'aaaaaaaaaaaa').replace('"expires"', '"expirse"'), '"expirse" is no known member'],
      [
        good.replace(id, 'aaaaaaaaaaaa').replace('10.0.0.0/8', '10.0.0.0/33'),
        '"10.0.0.0/33" is no network, such as 10.0.0.0/8'
      ],
      [
        good.replace(id, 'aaaaaaaaaaaa').replace(/"expires":"[^"]*"/, '"expires":"soon"'),
        'expires is missing or malformed'
      ],
      [good.replace(id, 'aaaaaaaaaaaa').replace('["g"]', '"g"'), 'groups is no list of texts']
    ] as const
    const { entries, problems } = readKeyFile(`# comment\n\n${good}\n${bad.map(([line]) => line).join('\n')}\n`)
    assert.deepEqual(
      entries.map(entry => [entry.id, entry.expiresMs]),
      [[id, NOW_MS]]
    )
    assert.deepEqual(
      problems,
      bad.map(([, problem], at) => `line ${at + 4}: ${problem}`)
    )
  })

  test('keeps every other line when one key changes', () => {
    const [one, two] = [newKey(), newKey()]
    const lines = ['# mine', keyLine(entryOf(one.id, one.text)), '', keyLine(entryOf(two.id, two.text)), '']
    const revoked = entryOf(two.id, two.text, { revokedMs: NOW_MS })
    const changed = withKeyReplaced(lines.join('\n'), revoked).split('\n')
    assert.deepEqual(changed, [...lines.slice(0, 3), keyLine(revoked), ''])
  })

  test('holds no secret: the digest is the SHA-256 of the whole text', () => {
    const { id, text } = newKey()
    const line = keyLine(entryOf(id, text))
    assert.ok(!line.includes(text.slice(-49)))
    assert.equal((JSON.parse(line) as KeyEntry).sha256, hash('sha256', text))
  })
})

suite('A caller with an API key', () => {
  const { id, text } = newKey()
  const basic = (user: string, password = text) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

  test('is let in at once, by each of the ways to send it, as the principal of the key', () => {
    const authenticator = authenticatorWith(entryOf(id, text))
    const ways = [
      sent(`Bearer ${text}`),
      sent(`bearer  ${text} `),
      sent(undefined, { headers: { 'x-api-key': text } }),
      sent(basic('')),
      sent(basic('key')),
      sent(basic(id))
    ]
    for (const way of ways) {
      const principal = authenticator.authenticate(way) as Principal
      const { access, ...rest } = principal
      assert.deepEqual(rest, { id: 'billing', issuer: 'apikey', appOnly: true, clientId: id })
      assert.equal(access.allows('read', 'topic', 'orders'), true)
      assert.equal(access.allows('write', 'topic', 'orders'), false)
    }
  })

  const other = newKey()
  const wrongSecret = () => {
    for (;;) {
      const { text: made, id: madeId } = newKey()
      const body = `krp_${id}_${made.slice(`krp_${madeId}_`.length, -6)}`
      return body + base62(crc32(body))
    }
  }
  const refused: readonly [string, Credentials, string, Partial<KeyEntry>?][] = [
    ['unknown', sent(`Bearer ${other.text}`), `API key ${other.id}: unknown or wrong`],
    ['a wrong secret', sent(`Bearer ${wrongSecret()}`), `API key ${id}: unknown or wrong`],
    ['revoked', sent(`Bearer ${text}`), `API key ${id}: revoked`, { revokedMs: NOW_MS }],
    ['expired', sent(`Bearer ${text}`), `API key ${id}: expired`, { expiresMs: NOW_MS }],
    ['from elsewhere', sent(`Bearer ${text}`), `API key ${id}: not from 127.0.0.1`, { networks: ['10.0.0.0/8'] }],
    ['under another name', sent(basic('alice')), `API key ${id}: sent under another user name`],
    ['a typo', sent(`Bearer ${text.slice(0, -1)}`), 'malformed API key'],
    ['two in one field', sent(undefined, { headers: { 'x-api-key': `${text}, ${text}` } }), 'malformed API key'],
    ['no key in the field of keys', sent(undefined, { headers: { 'x-api-key': 'abc' } }), 'malformed API key']
  ]
  for (const [name, credentials, detail, changes] of refused) {
    test(`is refused with one text for every reason, and the log says which: ${name}`, () => {
      const error = refusal(authenticatorWith(entryOf(id, text, changes)), credentials)
      assert.deepEqual(
        [error.code, error.status, error.message, error.detail],
        ['INVALID_CREDENTIALS', 401, 'The credentials are not valid here.', detail]
      )
      assert.match(String(error.headers?.['WWW-Authenticate']), /^Bearer/)
    })
  }

  test('may come from the networks of the key, in either form of an IPv4 address', () => {
    const authenticator = authenticatorWith(entryOf(id, text, { networks: ['10.0.0.0/8', '2001:db8::/32'] }))
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::1'])
      assert.equal((authenticator.authenticate(sent(`Bearer ${text}`, { address })) as Principal).id, 'billing')
    for (const address of ['11.1.2.3', '2001:db9::1', undefined])
      assert.equal(refusal(authenticator, sent(`Bearer ${text}`, { address })).code, 'INVALID_CREDENTIALS')
  })

  test('loses the key when the file no longer has it, at the next request', () => {
    const authenticator = authenticatorWith(entryOf(id, text))
    assert.equal((authenticator.authenticate(sent(`Bearer ${text}`)) as Principal).id, 'billing')
    authenticator.replaceCredentials('api_keys', '')
    assert.equal(refusal(authenticator, sent(`Bearer ${text}`)).code, 'INVALID_CREDENTIALS')
  })

  test('with two credentials is refused before either is judged, and so is a key in the query, by its id', () => {
    const authenticator = authenticatorWith(entryOf(id, text))
    const both = sent('Bearer x', { headers: { 'x-api-key': 'y' } })
    assert.equal(refusal(authenticator, both).code, 'SEVERAL_CREDENTIALS')
    const leaked = refusal(authenticator, sent(`Bearer ${text}`, { target: `/x?key=${text}` }))
    assert.deepEqual([leaked.code, leaked.status, leaked.credentialId], ['CREDENTIAL_IN_QUERY', 400, id])
    assert.ok(!`${leaked.message} ${leaked.detail}`.includes(text))
  })

  test('needs a rule that names keys: groups of tokens, and rules without issuers, let no key in', () => {
    const config = { mode: 'on' as const, oidc: [], apiKeys: { file: 'keys' } }
    const rules = [
      { ...RULE, issuers: [], groups: ['g'] },
      { ...RULE, principals: ['somebody'] }
    ]
    const authenticator = createAuthenticator({ ...config, permittedGroups: ['g'], rules }, log)
    authenticator.replaceCredentials('api_keys', keyLine(entryOf(id, text, { groups: ['g'] })))
    assert.equal(refusal(authenticator, sent(`Bearer ${text}`)).code, 'NOT_PERMITTED')
  })

  test('without any credential is told what is needed; a token is of no use where tokens are off', () => {
    const authenticator = authenticatorWith(entryOf(id, text))
    for (const header of [undefined, 'Bearer eyJ.a.b', 'Basic dXNlcjpwYXNz', 'Basic krp_']) {
      const { code, message, headers } = refusal(authenticator, sent(header))
      assert.deepEqual([code, message], ['UNAUTHENTICATED', 'An API key is needed.'], header)
      assert.match(String(headers?.['WWW-Authenticate']), /^Bearer/)
    }
  })

  test('an unknown key takes as long as a known one with a wrong secret', () => {
    const authenticator = authenticatorWith(entryOf(id, text))
    const [unknown, wrong] = [sent(`Bearer ${other.text}`), sent(`Bearer ${wrongSecret()}`)]
    const times: Record<'unknown' | 'wrong', number[]> = { unknown: [], wrong: [] }
    for (let n = 0; n < 4000; n++) {
      for (const [name, credentials] of [
        ['unknown', unknown],
        ['wrong', wrong]
      ] as const) {
        const start = process.hrtime.bigint()
        refusal(authenticator, credentials)
        times[name].push(Number(process.hrtime.bigint() - start))
      }
    }
    const median = (values: number[]) => values.slice(2000).toSorted((one, two) => one - two)[1000]
    const ratio = median(times.unknown) / median(times.wrong)
    assert.ok(ratio > 0.8 && ratio < 1.25, `unknown / wrong: ${ratio}`)
  })
})
