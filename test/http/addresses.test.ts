import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { Addresses, type AddressesOptions } from '../../src/http/addresses.ts'
import { ClientAddresses, type AddressConfig } from '../../src/http/client-address.ts'

const PROXY = '10.0.0.1'
const STRANGER = '192.0.2.7'
type Fields = Readonly<Record<string, string>>

function baseOf(
  fields: Fields,
  peer = PROXY,
  more: Partial<AddressesOptions> = {},
  clientAddressFrom: AddressConfig['clientAddressFrom'] = 'socket',
  url = '/consumers/g'
) {
  const clients = new ClientAddresses({ trustedProxies: ['10.0.0.0/8'], clientAddressFrom })
  const headers = { host: 'gateway:9400', ...fields }
  return new Addresses({ clients, secure: false, ...more }).baseOf(
    { method: 'POST', url, headers, httpVersion: '1.1', complete: true },
    peer
  )
}

suite('The address that clients reach the gateway at', () => {
  test("is that of the request's own Host, in the scheme of the listener, whatever a stranger says", () => {
    const says = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
    assert.equal(baseOf(says, STRANGER), 'http://gateway:9400')
    assert.equal(baseOf({}, STRANGER, { secure: true }), 'https://gateway:9400')
    assert.equal(baseOf({ host: 'gateway:443' }, STRANGER, { secure: true }), 'https://gateway')
    assert.equal(baseOf({ host: 'a"b' }, STRANGER), 'http://localhost')
  })

  test('is what a trusted proxy says', () => {
    const cases: [Fields, string][] = [
      [{}, 'http://gateway:9400'],
      [{ 'x-forwarded-proto': 'https' }, 'https://gateway:9400'],
      [{ 'x-forwarded-proto': 'HTTPS', 'x-forwarded-host': 'kafka.example' }, 'https://kafka.example'],
      [{ 'x-forwarded-proto': 'https, http', 'x-forwarded-host': 'a.example, b.example' }, 'https://a.example'],
      [{ 'x-forwarded-host': 'kafka.example', 'x-forwarded-port': '8080' }, 'http://kafka.example:8080'],
      [{ 'x-forwarded-host': 'kafka.example:1', 'x-forwarded-port': '8080' }, 'http://kafka.example:1'],
      [{ 'x-forwarded-host': '[2001:db8::1]', 'x-forwarded-port': '8080' }, 'http://[2001:db8::1]:8080'],
      [
        { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'kafka.example', 'x-forwarded-port': '443' },
        'https://kafka.example'
      ],
      [{ 'x-forwarded-port': '9500' }, 'http://gateway:9500'],
      [{ 'x-forwarded-prefix': '/kafka/' }, 'http://gateway:9400/kafka'],
      [{ 'x-forwarded-prefix': '/team, /kafka' }, 'http://gateway:9400/team/kafka'],
      [{ 'x-forwarded-prefix': '/' }, 'http://gateway:9400'],
      [{ forwarded: 'for=1.2.3.4;proto=https;host="kafka.example:8443", for=10.9.9.9' }, 'https://kafka.example:8443'],
      [{ forwarded: 'proto=https' }, 'https://gateway:9400'],
      [{ forwarded: 'proto=https;proto=http' }, 'http://gateway:9400']
    ]
    for (const [fields, expected] of cases) assert.equal(baseOf(fields), expected, JSON.stringify(fields))
  })

  test('is read from the one kind of field that `listen.clientAddressFrom` names', () => {
    const both = { 'x-forwarded-host': 'x.example', forwarded: 'host=f.example' }
    assert.equal(baseOf(both), 'http://x.example')
    assert.equal(baseOf(both, PROXY, {}, 'x-forwarded-for'), 'http://x.example')
    assert.equal(baseOf(both, PROXY, {}, 'forwarded'), 'http://f.example')
    assert.equal(baseOf({ forwarded: 'host=f.example' }, PROXY, {}, 'x-forwarded-for'), 'http://gateway:9400')
  })

  test('is the configured one before all', () => {
    const publicUrl = 'https://kafka.example/rest'
    assert.equal(baseOf({ 'x-forwarded-host': 'other.example' }, PROXY, { publicUrl }), publicUrl)
  })

  test('has the configured prefix where the request has it', () => {
    const base = (url: string, fields: Fields = {}) => baseOf(fields, PROXY, { pathPrefix: '/kafka' }, 'socket', url)
    assert.equal(base('/kafka/consumers/g'), 'http://gateway:9400/kafka')
    assert.equal(base('/consumers/g'), 'http://gateway:9400')
    assert.equal(base('/kafkaesque'), 'http://gateway:9400')
    assert.equal(base('/kafka/consumers/g', { 'x-forwarded-prefix': '/team' }), 'http://gateway:9400/team/kafka')
  })

  test('is an address without a slash at its end, whatever a proxy passes on', () => {
    const field = fc.oneof(
      fc.string(),
      fc.constantFrom('https', 'kafka.example', '443', '/a', '/a/b/', 'host=a;proto=b')
    )
    const names = ['proto', 'host', 'port', 'prefix'].map(name => `x-forwarded-${name}`)
    const record = fc.record(Object.fromEntries([...names, 'forwarded', 'host'].map(name => [name, field])))
    fc.assert(
      fc.property(record, fields => {
        assert.match(baseOf(fields), /^https?:\/\/[\w.:[\]-]+(?:\/[\w.~/-]*[\w.~-])?$/)
      })
    )
  })

  test('a target loses the prefix as a whole, and nothing else', () => {
    const clients = new ClientAddresses({ trustedProxies: [], clientAddressFrom: 'socket' })
    const own = new Addresses({ clients, secure: false, pathPrefix: '/a/b' })
    for (const [target, expected] of [
      ['/a/b/topics?x=1', '/topics?x=1'],
      ['/a/b', '/'],
      ['/a/b/', '/'],
      ['/a/b?x', '/?x'],
      ['/a/bc', '/a/bc'],
      ['/a', '/a'],
      ['/topics/a/b', '/topics/a/b'],
      ['/a/b/a/b/topics', '/a/b/topics']
    ])
      assert.equal(own.withoutPrefix(target), expected, target)
  })
})
