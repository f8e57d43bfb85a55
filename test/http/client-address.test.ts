import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { addressIn, ClientAddresses } from '../../src/http/client-address.ts'

const PROXY = '10.0.0.1'
const trustedProxies = ['10.0.0.0/8', '2001:db8:f::/48']
const byForwardedFor = new ClientAddresses({ trustedProxies, clientAddressFrom: 'x-forwarded-for' })
const byForwarded = new ClientAddresses({ trustedProxies, clientAddressFrom: 'forwarded' })
const fromFor = (field: string, peer = PROXY) => byForwardedFor.of(peer, { 'x-forwarded-for': field })
const fromForwarded = (field: string, peer = PROXY) => byForwarded.of(peer, { forwarded: field })

suite('The address of a client', () => {
  test('is that of the peer, whatever a stranger says of others', () => {
    for (const field of [PROXY, '10.0.0.9, 1.2.3.4', '127.0.0.1']) {
      assert.equal(fromFor(field, '192.0.2.7'), '192.0.2.7')
      assert.equal(fromForwarded(`for=${field}`, '192.0.2.7'), '192.0.2.7')
    }
    const off = new ClientAddresses({ trustedProxies, clientAddressFrom: 'socket' })
    assert.equal(off.of(PROXY, { 'x-forwarded-for': '1.2.3.4' }), PROXY)
  })

  test('is the first from the right that is no trusted proxy: what a client writes itself stands to the left', () => {
    const walks: readonly [string, string][] = [
      ['1.2.3.4', '1.2.3.4'],
      ['6.6.6.6, 1.2.3.4', '1.2.3.4'],
      ['1.2.3.4, 10.9.9.9', '1.2.3.4'],
      ['1.2.3.4,10.9.9.9 ,\t10.8.8.8', '1.2.3.4'],
      ['1.2.3.4:5678', '1.2.3.4'],
      ['[2001:db8::1]:443', '2001:db8::1'],
      ['2001:DB8:0::1', '2001:db8::1'],
      ['::ffff:1.2.3.4', '1.2.3.4'],
      ['::ffff:102:304', '1.2.3.4'],
      ['1.2.3.4, 2001:db8:f::9', '1.2.3.4'],
      ['10.1.1.1, 10.2.2.2', '10.1.1.1']
    ]
    for (const [field, expected] of walks) assert.equal(fromFor(field), expected, field)
  })

  test('is the last good hop where the walk meets what is no address', () => {
    for (const field of [
      '',
      'unknown',
      '_x',
      '1.2.3',
      '6.6.6.6, unknown',
      '1.2.3.4,',
      'fe80::1%eth0',
      '300.1.1.1',
      '[::1',
      'x:1'
    ])
      assert.equal(fromFor(field), PROXY, field)
    assert.equal(fromFor('6.6.6.6, unknown, 10.3.3.3'), '10.3.3.3')
  })

  test('is found within twenty hops; beyond them the last counts', () => {
    const proxies = (count: number) => Array.from({ length: count }, (_, n) => `10.0.1.${n}`).join(', ')
    assert.equal(fromFor(`1.2.3.4, ${proxies(19)}`), '1.2.3.4')
    assert.equal(fromFor(`1.2.3.4, ${proxies(20)}`), '10.0.1.0')
  })

  test('is read from the one field that is configured', () => {
    const both = { 'x-forwarded-for': '1.1.1.1', forwarded: 'for=2.2.2.2' }
    assert.equal(byForwardedFor.of(PROXY, both), '1.1.1.1')
    assert.equal(byForwarded.of(PROXY, both), '2.2.2.2')
    assert.equal(byForwarded.of(PROXY, { 'x-forwarded-for': '1.1.1.1' }), PROXY)
  })

  test('is read from Forwarded as RFC 7239 writes it', () => {
    const fields: readonly [string, string][] = [
      ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
      ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
      ['for=192.0.2.43, for=198.51.100.17', '198.51.100.17'],
      ['for=192.0.2.43;host="a,b;c", for=10.1.1.1', '192.0.2.43'],
      ['proto=https', PROXY],
      ['for=192.0.2.1;for=192.0.2.2', PROXY],
      ['for="_gazonk"', PROXY],
      ['for=unknown', PROXY],
      // A quote that a client opens swallows what the proxy appends: then nobody is believed.
      ['for="x, for=1.2.3.4', PROXY],
      ['for=", for="[2001:db8::1]"', PROXY],
      ['for=6.6.6.6;x="\\", for=1.2.3.4', '1.2.3.4']
    ]
    for (const [field, expected] of fields) assert.equal(fromForwarded(field), expected, field)
  })

  test('never comes from what the client wrote, where its proxy appends the true one', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), written => {
        const field = written.replaceAll(/[\r\n]/g, '')
        assert.equal(fromFor(`${field}, 192.0.2.7`), '192.0.2.7')
        const found = fromForwarded(`${field}, for=192.0.2.7`)
        assert.ok(found === '192.0.2.7' || found === PROXY, found)
      })
    )
  })

  test('has one spelling', () => {
    fc.assert(
      fc.property(fc.ipV6(), address => {
        const once = addressIn(address)
        assert.ok(once !== undefined)
        assert.equal(addressIn(`[${once}]:1`) ?? once, once)
        assert.equal(addressIn(address.toUpperCase()), once)
      })
    )
  })
})
