import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { der, integer, objectId, utcTime } from '../../../src/dev/certificates/der.ts'

/** What OpenSSL's own parser makes of it. */
const parsed = (encoded: Buffer): string =>
  execFileSync('openssl', ['asn1parse', '-inform', 'DER'], { input: encoded, encoding: 'utf8' })

suite('The DER writer', () => {
  test('writes lengths in the shortest form, on both sides of each border', () => {
    for (const [size, head] of [
      [0x7f, '047f'],
      [0x80, '048180'],
      [0xff, '0481ff'],
      [0x100, '04820100'],
      [0xffff, '0482ffff']
    ] as const) {
      const encoded = der(0x04, Buffer.alloc(size))
      assert.equal(encoded.toString('hex', 0, encoded.length - size), head)
    }
  })

  test('keeps a number positive whose first bit is set', () => {
    assert.equal(integer(Buffer.from([0x7f])).toString('hex'), '02017f')
    assert.equal(integer(Buffer.from([0x80])).toString('hex'), '02020080')
  })

  test('writes object ids that OpenSSL reads back, those with arcs of several bytes too', () => {
    assert.match(parsed(objectId('1.2.840.10045.4.3.2')), /OBJECT\s+:ecdsa-with-SHA256/)
    assert.match(parsed(objectId('2.5.29.30')), /OBJECT\s+:X509v3 Name Constraints/)
    assert.match(parsed(objectId('1.3.6.1.5.5.7.3.1')), /OBJECT\s+:TLS Web Server Authentication/)
  })

  test('writes a time in UTC to the second', () => {
    assert.match(parsed(utcTime(new Date('2031-02-03T04:05:06.789Z'))), /UTCTIME\s+:310203040506Z/)
  })
})
