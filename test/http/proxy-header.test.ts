import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { addressIn } from '../../src/http/client-address.ts'
import { readProxyHeader } from '../../src/http/proxy-header.ts'
import { v1Header, v2Header } from './support/proxy-header.ts'

const v1 = (line: string) => readProxyHeader(Buffer.from(line, 'latin1'))
const port = fc.integer({ min: 0, max: 65_535 })
const client = fc.oneof(fc.ipV4(), fc.ipV6())

suite('A PROXY header', () => {
  test('of either version names the client, whatever follows it', () => {
    fc.assert(
      fc.property(client, port, fc.uint8Array({ maxLength: 40 }), fc.boolean(), (address, from, rest, isBinary) => {
        const header = isBinary ? v2Header(address, from, rest.subarray(0, 7)) : v1Header(address, from)
        const read = readProxyHeader(Buffer.concat([header, rest]))
        assert.deepEqual(read, { bytes: header.length, address: addressIn(address) })
      })
    )
  })

  test('is waited for to its last byte, however it is cut', () => {
    fc.assert(
      fc.property(client, port, fc.boolean(), (address, from, isBinary) => {
        const header = isBinary ? v2Header(address, from) : v1Header(address, from)
        for (let length = 0; length < header.length; length++)
          assert.equal(readProxyHeader(header.subarray(0, length)), 'more', String(length))
      }),
      { numRuns: 20 }
    )
  })

  test('that names nobody leaves the address of the balancer: its health checks', () => {
    assert.deepEqual(v1('PROXY UNKNOWN\r\n'), { bytes: 15, address: undefined })
    assert.deepEqual(v1('PROXY UNKNOWN ff::1 ff::2 1 2\r\nGET'), { bytes: 31, address: undefined })
    for (const [command, family] of [
      [0x20, 0x11],
      [0x20, 0x00],
      [0x21, 0x00],
      [0x21, 0x31]
    ] as const) {
      const header = v2Header('192.0.2.1', 1)
      header[12] = command
      header[13] = family
      assert.deepEqual(readProxyHeader(header), { bytes: header.length, address: undefined })
    }
  })

  test('is no header where a stranger could mean something else by it', () => {
    const bad = [
      'GET / HTTP/1.1\r\n',
      'proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n',
      'PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n',
      'PROXY TCP4 ::1 ::1 1 2\r\n',
      'PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n',
      'PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n',
      'PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n\r\n',
      'PROXY UNKNOWNS\r\n',
      `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
      '\x16\x03\x01',
      '\r\n\r\n\0\r\nQUIX'
    ]
    for (const line of bad) assert.equal(v1(line), 'bad', JSON.stringify(line))
  })

  test('of version 2 is refused for another version, another transport, a length that is too short or too long', () => {
    const change = (at: number, value: number) => {
      const header = v2Header('2001:db8::1', 1)
      header[at] = value
      return readProxyHeader(header)
    }
    assert.equal(change(12, 0x11), 'bad', 'version 1 in binary')
    assert.equal(change(12, 0x22), 'bad', 'an unknown command')
    assert.equal(change(13, 0x22), 'bad', 'UDP')
    assert.equal(change(13, 0x99), 'bad', 'an unknown family')
    assert.equal(change(15, 35), 'bad', 'no room for two addresses')
    assert.equal(change(14, 0x10), 'bad', '4096 bytes after the fixed part')
  })

  test('is never read out of random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), bytes => {
        const first = bytes[0]
        if (first !== 0x50 && first !== 0x0d) assert.equal(readProxyHeader(Buffer.from(bytes)), 'bad')
      })
    )
  })
})
