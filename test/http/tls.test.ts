import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { noMeter } from '../../src/core/meter.ts'
import { ca, tls } from './support/certificate.ts'
import { startFront } from './support/front.ts'
import { RawClient } from './support/raw-client.ts'
import { waitUntil } from './support/wait-until.ts'

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

test('what keeps a client from TLS is counted by kind, and told once a minute', { timeout: 20_000 }, async t => {
  const counted: string[] = []
  const meter = { ...noMeter, tlsFailed: (kind: string) => void counted.push(kind) }
  const { port, log } = await startFront(t, { tls, meter, limits: { headersTimeoutMs: 3000 } })
  const curl = async (...options: string[]) => {
    const child = spawn('curl', ['--silent', ...options], { stdio: 'ignore' })
    await once(child, 'exit')
  }
  const leave = async (bytes: Buffer) => {
    const client = new RawClient(port).send(bytes)
    await sleep(50)
    client.socket.resetAndDestroy()
  }
  const steps: [kind: string, step: () => Promise<void>][] = [
    ['untrusted', () => curl(`https://127.0.0.1:${port}/`)],
    ['plain_http', () => curl(`http://127.0.0.1:${port}/`)],
    ['version', () => curl('--insecure', '--tls-max', '1.1', `https://127.0.0.1:${port}/`)],
    ['cipher', () => curl('--insecure', '--tls-max', '1.2', '--ciphers', 'AES128-SHA', `https://127.0.0.1:${port}/`)],
    ['closed', () => leave(Buffer.of(0x16, 0x03, 0x01))],
    [
      'other',
      () =>
        new RawClient(port)
          .send('x'.repeat(100))
          .ended()
          .then(() => undefined)
    ],
    ['timeout', () => new RawClient(port).ended().then(() => undefined)]
  ]
  for (const [kind, step] of steps) {
    const before = counted.length
    await step()
    await waitUntil(() => counted.length > before)
    assert.deepEqual(counted.slice(before), [kind])
  }
  await curl(`http://127.0.0.1:${port}/`)
  await waitUntil(() => counted.length > steps.length)
  const lines = log.filter(({ level }) => level === 'warn')
  assert.deepEqual(
    lines.map(({ message }) => message.split(/[:,]/, 1)),
    [
      ['A client does not trust the certificate'],
      ['A client speaks plain HTTP to the TLS port'],
      ['A client offers no TLS version from 1.2 on'],
      ['A client offers no cipher suite with forward secrecy and authenticated encryption'],
      ['TLS could not be agreed on with a client'],
      ['A client did not end the TLS handshake within limits.headersTimeoutMs']
    ]
  )
  // Of one that has closed already there is none.
  assert.ok(lines.some(({ fields }) => fields.address === '127.0.0.1'))
})
