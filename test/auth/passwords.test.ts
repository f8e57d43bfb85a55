import assert from 'node:assert/strict'
import { scryptSync } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { afterEach, suite, test } from 'node:test'
import fc from 'fast-check'
import { Attempts } from '../../src/auth/attempts.ts'
import { createAuthenticator, type Authenticator } from '../../src/auth/authenticator.ts'
import { readBasic } from '../../src/auth/basic-field.ts'
import type { Credentials } from '../../src/auth/credentials.ts'
import { Derivations } from '../../src/auth/derivations.ts'
import { hashPassword, readPasswordHash } from '../../src/auth/password-hash.ts'
import { readUserFile, userLine, withUser } from '../../src/auth/user-file.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Log } from '../../src/core/log.ts'
import { sent } from './sent.ts'

const ignore = () => undefined
const log: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')

/** Costs next to nothing, so that tests are fast. */
function cheapHash(password: string): string {
  const salt = Buffer.from('salt of sixteen!')
  return `$scrypt$ln=4,r=8,p=1$${base64(salt)}$${base64(scryptSync(password, salt, 32, { N: 16, r: 8, p: 1 }))}`
}

const basic = (user: string, password: string, more: Partial<Credentials> = {}) =>
  sent(`Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`, more)
const alice = userLine({ name: 'alice', hash: cheapHash('right'), groups: ['g'], roles: [] })

let authenticator: Authenticator
let nowMs = 0
afterEach(() => authenticator?.close())

function withUsers(text = alice, waiting = 64): Authenticator {
  const rule = {
    issuers: ['basic'],
    principals: ['alice'],
    groups: [],
    roles: [],
    operations: ['read'],
    topics: ['orders'],
    consumerGroups: []
  }
  const config = {
    mode: 'on' as const,
    oidc: [],
    permittedGroups: [],
    rules: [rule],
    basic: { file: 'users', waiting }
  }
  authenticator = createAuthenticator(config, log, { steadyNow: () => nowMs, origins: ['https://app.example'] })
  authenticator.replaceCredentials('users', text)
  return authenticator
}

const outcome = async (credentials: Credentials): Promise<string> => {
  try {
    return (await authenticator.authenticate(credentials)).id
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error))
    return error.code
  }
}

suite('Basic credentials', () => {
  test('are read in one spelling only', () => {
    const field = (bytes: Buffer | string) => `Basic ${Buffer.from(bytes).toString('base64')}`
    assert.deepEqual(readBasic(field('alice:a:b')), { user: 'alice', password: 'a:b' })
    assert.deepEqual(readBasic('bAsIc  YTpi '), { user: 'a', password: 'b' })
    for (const other of [undefined, '', 'Bearer x', 'Basicx']) assert.equal(readBasic(other), undefined)
    const malformed = [
      'Basic',
      'Basic !',
      'Basic YTpi=',
      'Basic YTpiCg',
      'Basic YWI=',
      'Basic YTpj, Basic YTpj',
      'Basic YTp/',
      field('a:b\n'),
      field('a\u0085:b'),
      field(Buffer.from([0x61, 0x3a, 0xff])),
      field(`${'a'.repeat(256)}:b`),
      field(`a:${'b'.repeat(256)}`),
      `Basic ${'A'.repeat(20_000)}`
    ]
    for (const header of malformed) assert.equal(readBasic(header), null, header.slice(0, 40))
  })

  test('keep any user and password that may be', () => {
    const part = fc.string({ unit: 'grapheme', maxLength: 20 }).filter(text => !/\p{Cc}/u.test(text))
    fc.assert(
      fc.property(part, part, (user, password) => {
        fc.pre(!user.includes(':'))
        const read = readBasic(`Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`)
        assert.deepEqual(read, { user, password })
      })
    )
  })
})

suite('The file of users', () => {
  test('refuses a hash of another kind, or that would cost too much, by its line', () => {
    const of = (hash: string) => userLine({ name: 'a', hash, groups: [], roles: [] })
    const dear = cheapHash('x').replace('ln=4', 'ln=19')
    for (const line of [of('$2b$10$abc'), of('$scrypt$ln=15'), of(dear), of(cheapHash('x').replace('p=1', 'p=17'))]) {
      const { entries, problems } = readUserFile(line)
      assert.deepEqual([entries.length, problems.length], [0, 1], line)
      assert.match(problems[0], /^line 1: hash (is no \$scrypt\$ hash|costs more than 256 MiB, or nothing)$/)
    }
  })

  test('sets, replaces and removes one user, and leaves the others', () => {
    const bob = { name: 'bob', hash: cheapHash('b'), groups: [], roles: ['r'] }
    const both = withUser(`# ours\n${alice}`, 'bob', bob)
    assert.equal(both, `# ours\n${alice}\n${userLine(bob)}\n`)
    assert.equal(withUser(both, 'alice', null), `# ours\n${userLine(bob)}\n`)
    const changed = { ...bob, roles: [] }
    assert.equal(withUser(both, 'bob', changed), `# ours\n${alice}\n${userLine(changed)}\n`)
  })

  test('takes hashes that another scrypt makes, with salt and cost from the text', () => {
    const { ln, r, p, salt, hash } = readPasswordHash(hashPassword('pässword'))
    assert.deepEqual([ln, r, p, salt.length, hash.length], [15, 8, 1, 16, 32])
    const other = scryptSync('pässword', salt, 32, { N: 2 ** ln, r, p, maxmem: 2 ** 27 })
    assert.ok(other.equals(hash))
  })
})

suite('A caller with a password', () => {
  test('is let in, and at once the next time', async () => {
    withUsers()
    assert.equal(await outcome(basic('alice', 'right')), 'alice')
    const again = authenticator.authenticate(basic('alice', 'right'))
    assert.ok(!(again instanceof Promise))
    assert.deepEqual([again.id, again.issuer, again.appOnly], ['alice', 'basic', null])
  })

  test('is refused with one text, known or unknown; the password is nowhere in what is logged', async () => {
    withUsers()
    const errors: GatewayError[] = []
    for (const credentials of [basic('alice', 'wrong-secret'), basic('wrong-secret', 'x'), sent('Basic !')]) {
      await assert.rejects(
        async () => authenticator.authenticate(credentials),
        (error: GatewayError) => errors.push(error) > 0
      )
    }
    assert.deepEqual(
      errors.map(({ code, message, headers }) => [code, message, headers]),
      errors.map(() => [
        'INVALID_CREDENTIALS',
        'The credentials are not valid here.',
        { 'WWW-Authenticate': 'Basic realm="kafka", charset="UTF-8"' }
      ])
    )
    assert.deepEqual(
      errors.map(({ detail }) => detail),
      ['user alice: wrong password', 'unknown user', 'malformed Basic credentials']
    )
  })

  test('loses access when the password changes or the user is removed, and a corrected password works at once', async () => {
    withUsers()
    assert.equal(await outcome(basic('alice', 'right')), 'alice')
    assert.equal(await outcome(basic('alice', 'new')), 'INVALID_CREDENTIALS')
    authenticator.replaceCredentials(
      'users',
      userLine({ name: 'alice', hash: cheapHash('new'), groups: [], roles: [] })
    )
    assert.equal(await outcome(basic('alice', 'right')), 'INVALID_CREDENTIALS')
    assert.equal(await outcome(basic('alice', 'new')), 'alice')
    authenticator.replaceCredentials('users', '# none')
    assert.equal(await outcome(basic('alice', 'new')), 'INVALID_CREDENTIALS')
  })

  test('waits longer after each failure from the fifth on; from elsewhere, and with a remembered password, not at all', async () => {
    nowMs = 0
    withUsers()
    assert.equal(await outcome(basic('alice', 'right', { address: '192.0.2.1' })), 'alice')
    for (let n = 0; n < 5; n++) assert.equal(await outcome(basic('alice', `wrong ${n}`)), 'INVALID_CREDENTIALS')
    assert.equal(await outcome(basic('alice', 'wrong')), 'TOO_MANY_ATTEMPTS')
    assert.equal(await outcome(basic('alice', 'right')), 'alice', 'remembered')
    assert.equal(await outcome(basic('alice', 'other', { address: '192.0.2.2' })), 'INVALID_CREDENTIALS')
    nowMs += 1000
    assert.equal(await outcome(basic('alice', 'wrong')), 'INVALID_CREDENTIALS')
    nowMs += 1999
    assert.equal(await outcome(basic('alice', 'wrong')), 'TOO_MANY_ATTEMPTS')
  })

  test('is not let in by a key where keys are off: nothing that may be a key is derived', async () => {
    withUsers()
    assert.equal(await outcome(basic('alice', `krp_${'a'.repeat(12)}_${'b'.repeat(49)}`)), 'INVALID_CREDENTIALS')
  })

  test('is refused by the page of another origin, whatever the password', async () => {
    withUsers()
    const from = (headers: Record<string, string>) =>
      outcome(basic('alice', 'right', { headers: { host: 'gw:9400', ...headers } }))
    assert.equal(await from({}), 'alice')
    assert.equal(await from({ origin: 'https://gw:9400', 'sec-fetch-site': 'same-origin' }), 'alice')
    assert.equal(await from({ origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }), 'alice')
    for (const foreign of [
      { origin: 'https://evil.example' },
      { origin: 'http://gw:9400' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://gw:9400', 'sec-fetch-site': 'cross-site' }
    ])
      assert.equal(await from(foreign), 'NOT_PERMITTED', JSON.stringify(foreign))
  })

  test('meets a full queue with 503: four of an address wait, and addresses take turns', async () => {
    withUsers(userLine({ name: 'alice', hash: hashPassword('right'), groups: [], roles: [] }), 6)
    const started = Array.from({ length: 9 }, (_, n) => outcome(basic('mallory', `${n}`)))
    const elsewhere = ['a', 'b', 'c'].map(address => outcome(basic('alice', 'right', { address })))
    const outcomes = await Promise.all(started)
    assert.deepEqual(
      outcomes.map(code => (code === 'OVERLOADED' ? 1 : 0)),
      [0, 0, 0, 0, 0, 1, 1, 1, 1]
    )
    assert.deepEqual(await Promise.all(elsewhere), ['alice', 'alice', 'alice'])
  })
})

suite('The thread that derives', () => {
  test('holds up neither the event loop nor the look-up of names', { timeout: 60_000 }, async () => {
    const hash = readPasswordHash(hashPassword('x'))
    const derivations = new Derivations(64)
    const deriving = Promise.allSettled(
      Array.from({ length: 16 }, (_, n) => derivations.derive({ hash, password: `${n}` }, `${n}`))
    )
    let longestMs = 0
    const done = { is: false }
    void deriving.then(() => (done.is = true))
    while (!done.is) {
      const startMs = performance.now()
      await lookup('localhost')
      longestMs = Math.max(longestMs, performance.now() - startMs)
    }
    derivations.close()
    assert.ok((await deriving).every(({ status }) => status === 'fulfilled'))
    assert.ok(longestMs < 500, `a name took ${longestMs} ms`)
  })

  test('tells those who wait to come again when it is closed', async () => {
    const hash = readPasswordHash(hashPassword('x'))
    const derivations = new Derivations(64)
    const waiting = derivations.derive({ hash, password: 'a' }, 'a')
    derivations.close()
    await assert.rejects(waiting, { code: 'OVERLOADED' })
    await assert.rejects(derivations.derive({ hash, password: 'a' }, 'a'), { code: 'OVERLOADED' })
  })
})

suite('Attempts', () => {
  test('of an address are a hundred a minute, whatever users it names', () => {
    let now = 0
    const attempts = new Attempts(() => now)
    for (let n = 0; n < 100; n++) {
      attempts.check('a', `user ${n}`)
      attempts.failed('a', `user ${n}`)
    }
    assert.throws(() => attempts.check('a', 'another'), { code: 'TOO_MANY_ATTEMPTS', headers: { 'Retry-After': '60' } })
    assert.throws(() => attempts.check('a'), { code: 'TOO_MANY_ATTEMPTS' })
    attempts.check('b', 'user 1')
    now = 60_000
    attempts.check('a', 'another')
  })

  test('of a user at an address wait a minute at most, and are forgotten after a success or ten minutes', () => {
    let now = 0
    const attempts = new Attempts(() => now)
    const fail = (times: number) => {
      for (let n = 0; n < times; n++) attempts.failed('a', 'u')
    }
    fail(20)
    assert.throws(() => attempts.check('a', 'u'), { headers: { 'Retry-After': '60' } })
    attempts.succeeded('a', 'u')
    attempts.check('a', 'u')
    fail(20)
    now = 11 * 60_000
    fail(4)
    attempts.check('a', 'u')
  })
})
