import assert from 'node:assert/strict'
import { get } from 'node:https'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:tls'
import { ca, tls } from './support/certificate.ts'
import { startFront } from './support/front.ts'
import { RawClient } from './support/raw-client.ts'

function ask(port: number, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', servername: 'localhost', port, path, ca, agent: false }, resolve).once('error', reject)
  })
}

test('over TLS the answer tells browsers to stay with it', { timeout: 10_000 }, async t => {
  const { port } = await startFront(t, { tls })
  const answer = await ask(port, '/health/live')
  assert.equal(await text(answer), '{"status":"ok"}')
  assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000')
})

test('plain HTTP on the TLS port gets no word, and the listener stays', { timeout: 10_000 }, async t => {
  const { port } = await startFront(t, { tls })
  const client = new RawClient(port).send('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
  await client.ended()
  assert.equal((await ask(port, '/health/live')).statusCode, 200)
})

test('TLS below 1.2 is refused', { timeout: 10_000 }, async t => {
  const { port } = await startFront(t, { tls })
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1'
  })
  const code = await new Promise(resolve => socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code)))
  assert.match(String(code), /^(ERR_SSL|ECONNRESET)/)
})

test('a handshake that never ends does not keep the server from closing', { timeout: 10_000 }, async t => {
  const { port, front } = await startFront(t, { tls })
  const client = new RawClient(port).send(Buffer.of(0x16, 0x03, 0x01))
  await new Promise(resolve => client.socket.once('connect', resolve))
  await ask(port, '/health/live').then(answer => answer.resume())
  await front.close(100)
  await client.ended()
})
