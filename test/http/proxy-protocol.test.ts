import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { suite, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ca, tls } from './support/certificate.ts'
import { startFront, type TestFront, TOKEN } from './support/front.ts'
import { v1Header, v2Header } from './support/proxy-header.ts'
import { RawClient } from './support/raw-client.ts'
import { waitUntil } from './support/wait-until.ts'

const GET = `GET /v1/metadata/topics HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\n\r\n`
const proxyProtocolFrom = ['127.0.0.0/8']
const warned = ({ log }: TestFront) => log.filter(({ level }) => level === 'warn').map(({ message }) => message)
const addresses = ({ log }: TestFront) => log.flatMap(({ fields }) => ('method' in fields ? [fields.address] : []))
/** The access log is written when an answer is sent, which its client may see first. */
async function assertAddresses(front: TestFront, expected: readonly string[]): Promise<void> {
  await waitUntil(() => addresses(front).length >= expected.length)
  assert.deepEqual(addresses(front), expected)
}

suite('Behind a balancer that speaks the PROXY protocol', () => {
  test(
    'a request comes from the client that the header names, in one packet or byte by byte',
    { timeout: 10_000 },
    async t => {
      const front = await startFront(t, { proxyProtocolFrom })
      const whole = new RawClient(front.port).send(Buffer.concat([v2Header('192.0.2.1', 5), Buffer.from(GET)]))
      assert.equal((await whole.answer()).status, 200)
      assert.equal((await whole.send(GET).answer()).status, 200)
      const slow = new RawClient(front.port)
      slow.socket.setNoDelay(true)
      for (const byte of v1Header('2001:db8::7', 5)) {
        slow.send(Buffer.of(byte))
        await new Promise(resolve => setImmediate(resolve))
      }
      assert.equal((await slow.send(GET).answer()).status, 200)
      await assertAddresses(front, ['192.0.2.1', '192.0.2.1', '2001:db8::7'])
      whole.close()
      slow.close()
    }
  )

  test('TLS begins after the header, even in the same packet', { timeout: 10_000 }, async t => {
    const front = await startFront(t, { proxyProtocolFrom, tls })
    for (const header of [v1Header('192.0.2.1', 5), v2Header('2001:db8::1', 5, Buffer.alloc(300))]) {
      const socket = connect(front.port, '127.0.0.1')
      await once(socket, 'connect')
      socket.write(header)
      const secure = connectTls({ socket, servername: 'localhost', ca })
      await once(secure, 'secureConnect')
      const client = new RawClient(secure).send(GET)
      assert.equal((await client.answer()).status, 200)
      assert.equal((await client.send(GET).answer()).status, 200)
      client.close()
    }
    await assertAddresses(front, ['192.0.2.1', '192.0.2.1', '2001:db8::1', '2001:db8::1'])
  })

  test('a header that names nobody leaves the address of the balancer', { timeout: 10_000 }, async t => {
    const front = await startFront(t, { proxyProtocolFrom })
    const client = new RawClient(front.port).send(`PROXY UNKNOWN\r\n${GET}`)
    assert.equal((await client.answer()).status, 200)
    await assertAddresses(front, ['127.0.0.1'])
    client.close()
  })

  test(
    'whoever is no balancer, sends no header or a late one is closed without a byte',
    { timeout: 10_000 },
    async t => {
      const strangers = await startFront(t, { proxyProtocolFrom: ['192.0.2.0/24'] })
      const stranger = new RawClient(strangers.port).send(Buffer.concat([v1Header('192.0.2.1', 5), Buffer.from(GET)]))
      assert.equal(await stranger.ended(), '')
      assert.deepEqual(warned(strangers), ['A connection from outside listen.proxyProtocolFrom is closed'])
      const front = await startFront(t, { proxyProtocolFrom, limits: { headersTimeoutMs: 300 } })
      assert.equal(await new RawClient(front.port).send(GET).ended(), '')
      assert.equal(await new RawClient(front.port).send('PROXY TCP4 1.2').ended(), '')
      assert.equal(await new RawClient(front.port).send(`PROXY TCP4 ${'1'.repeat(200)}`).ended(), '')
      assert.deepEqual(warned(front), [
        'A connection that begins with no PROXY header is closed',
        'A connection is closed: its PROXY header did not come in time'
      ])
      assert.deepEqual(addresses(front), [])
    }
  )

  test('the limit of connections is that of the client, not of the balancer', { timeout: 10_000 }, async t => {
    const front = await startFront(t, { proxyProtocolFrom, quotas: { connectionsPerAddress: 2 } })
    const open = (address: string) =>
      new RawClient(front.port).send(Buffer.concat([v1Header(address, 5), Buffer.from(GET)]))
    const clients = []
    for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.2', '192.0.2.3']) {
      const client = open(address)
      assert.equal((await client.answer()).status, 200, address)
      clients.push(client)
    }
    const [first] = clients
    assert.equal(await open('192.0.2.1').ended(), '')
    first.close()
    for (;;) {
      const again = open('192.0.2.1')
      clients.push(again)
      if ((await again.answer().catch(() => undefined))?.status === 200) break
    }
    for (const client of clients) client.close()
  })
})
