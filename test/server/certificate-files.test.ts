import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { createAuthority, createServerCertificate } from '../../src/dev/certificates/x509.ts'
import { CertificateFiles, type CertificateSeams } from '../../src/server/certificate-files.ts'
import { type FrontSettings, startFront } from '../http/support/front.ts'
import { waitUntil } from '../http/support/wait-until.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const validity = { from: new Date(Date.now() - HOUR_MS), days: 60 }
const authority = createAuthority('Test authority', ['localhost'], validity)

function newPair(days = 60) {
  const { certificatePem, key } = createServerCertificate('localhost', ['localhost'], authority, { ...validity, days })
  return { cert: certificatePem, key: String(key.export({ type: 'pkcs8', format: 'pem' })) }
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

function put(folder: string, { cert, key }: { cert: string; key: string }): void {
  writeFileSync(join(folder, 'tls.crt'), cert)
  writeFileSync(join(folder, 'tls.key'), key)
}

async function startWith(t: TestContext, folder: string, seams: CertificateSeams = {}, settings: FrontSettings = {}) {
  const lines: { level: string; message: string; fields: object }[] = []
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, message, fields })
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const paths = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
  const files = new CertificateFiles('listen.tls', paths, log, { settleMs: 30, pollMs: HOUR_MS, ...seams })
  const server = await startFront(t, { ...settings, tls: files.pair })
  files.watch(pair => server.front.useCertificate(pair))
  t.after(() => files.close())
  return { port: server.port, lines, said: (part: string) => lines.filter(({ message }) => message.includes(part)) }
}

async function handshake(port: number, options: object = {}): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    servername: 'localhost',
    port,
    ca: authority.certificatePem,
    ...options
  })
  await once(socket, 'secureConnect')
  return socket
}

async function serialAt(port: number): Promise<string> {
  const socket = await handshake(port)
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

async function health(socket: TLSSocket): Promise<string> {
  socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return bytes.toString().split('\r\n', 1)[0]
}

async function untilAnother(port: number, serial: string): Promise<void> {
  while ((await serialAt(port)) === serial) await sleep(20)
}

test(
  'new files are for new connections; one that is open goes on with its own and is not dropped',
  { timeout: 20_000 },
  async t => {
    const folder = folderOf(t)
    put(folder, newPair())
    const { port, said } = await startWith(t, folder)
    const old = await handshake(port)
    assert.equal(await health(old), 'HTTP/1.1 200 OK')
    const { serialNumber } = old.getPeerCertificate()
    put(folder, newPair())
    await untilAnother(port, serialNumber)
    assert.equal(await health(old), 'HTTP/1.1 200 OK')
    assert.equal(old.getPeerCertificate().serialNumber, serialNumber)
    assert.equal(said('was replaced').length, 1)
    assert.equal(said('NOT USED').length, 0)
    old.destroy()
  }
)

test("the swap of Kubernetes' ..data link is seen", { timeout: 20_000 }, async t => {
  const folder = folderOf(t)
  const version = (name: string) => {
    mkdirSync(join(folder, name))
    put(join(folder, name), newPair())
  }
  version('..1')
  symlinkSync('..1', join(folder, '..data'))
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(`..data/${name}`, join(folder, name))
  const { port, said } = await startWith(t, folder)
  const first = await serialAt(port)
  version('..2')
  symlinkSync('..2', join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  await untilAnother(port, first)
  assert.equal(said('was replaced').length, 1)
})

test('what nothing tells of is found by looking now and then', { timeout: 20_000 }, async t => {
  const outside = folderOf(t)
  const folder = folderOf(t)
  put(outside, newPair())
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join(outside, name), join(folder, name))
  const { port } = await startWith(t, folder, { pollMs: 50 })
  const first = await serialAt(port)
  put(outside, newPair())
  await untilAnother(port, first)
})

test(
  'a broken, half-written, missing or foreign file leaves the old pair in force, loudly and once, and is tried again',
  { timeout: 30_000 },
  async t => {
    const folder = folderOf(t)
    put(folder, newPair())
    const { port, said } = await startWith(t, folder)
    const first = await serialAt(port)
    const next = newPair()
    const broken = [
      { cert: next.cert.slice(0, 300), key: next.key },
      { cert: next.cert, key: newPair().key },
      { cert: '', key: '' },
      { cert: 'nonsense', key: 'nonsense' }
    ]
    for (const [index, pair] of broken.entries()) {
      put(folder, pair)
      await waitUntil(() => said('NOT USED').length > index)
      assert.equal(await serialAt(port), first)
    }
    unlinkSync(join(folder, 'tls.key'))
    await waitUntil(() => said('NOT USED').length > broken.length)
    assert.equal(await serialAt(port), first)
    await sleep(200)
    assert.equal(said('NOT USED').length, broken.length + 1)
    put(folder, next)
    await untilAnother(port, first)
    assert.equal(said('was replaced').length, 1)
  }
)

test(
  'a certificate that has expired, or is not valid yet, does not replace one that is valid, and the log says when the files are right again',
  { timeout: 20_000 },
  async t => {
    const folder = folderOf(t)
    const good = newPair()
    put(folder, good)
    const { port, said, lines } = await startWith(t, folder)
    const first = await serialAt(port)
    const reasons: string[] = []
    for (const [from, days] of [
      [-10, 5],
      [5, 5]
    ]) {
      const { certificatePem, key } = createServerCertificate('localhost', ['localhost'], authority, {
        from: new Date(Date.now() + from * DAY_MS),
        days
      })
      put(folder, { cert: certificatePem, key: String(key.export({ type: 'pkcs8', format: 'pem' })) })
      await waitUntil(() => said('NOT USED').length > reasons.length)
      reasons.push(String(Object(lines.at(-1)?.fields).reason))
      assert.equal(await serialAt(port), first)
    }
    assert.match(reasons[0], /^listen\.tls\.certFile: the certificate in .*tls\.crt expired on \w{3} /)
    assert.match(reasons[1], /^listen\.tls\.certFile: the certificate in .*tls\.crt is not valid before \w{3} /)
    put(folder, good)
    await waitUntil(() => said('The certificate files are right again').length === 1)
    assert.equal(said('was replaced').length, 0)
  }
)

test('if the certificate in force has expired, any other is taken', { timeout: 20_000 }, async t => {
  const folder = folderOf(t)
  const expired = () => {
    const from = new Date(Date.now() - 10 * DAY_MS)
    const { certificatePem, key } = createServerCertificate('localhost', ['localhost'], authority, { from, days: 5 })
    return { cert: certificatePem, key: String(key.export({ type: 'pkcs8', format: 'pem' })) }
  }
  put(folder, expired())
  const { said } = await startWith(t, folder)
  put(folder, expired())
  await waitUntil(() => said('was replaced').length === 1)
})

test('a pair that is broken from the start is no start', t => {
  const folder = folderOf(t)
  put(folder, { ...newPair(), key: newPair().key })
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  const paths = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
  assert.throws(
    () => new CertificateFiles('listen.tls', paths, log),
    /listen\.tls\.keyFile: .*tls\.key is not the key of the certificate in .*tls\.crt/
  )
})

test('the end of the certificate is told 30 days ahead, louder 7 days ahead, once a day', { timeout: 20_000 }, t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const folder = folderOf(t)
  put(folder, newPair(40))
  let nowMs = Date.now()
  const lines: string[] = []
  const at = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`)
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const paths = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
  const files = new CertificateFiles('listen.tls', paths, log, { now: () => nowMs })
  files.watch(() => undefined)
  t.after(() => files.close())
  for (let day = 1; day <= 41; day++) {
    nowMs += DAY_MS
    t.mock.timers.tick(DAY_MS)
  }
  const count = (text: string) => lines.filter(line => line === text).length
  assert.equal(count('warn The certificate expires within 30 days'), 23)
  assert.equal(count('error The certificate expires within 7 days'), 7)
  assert.equal(count('error THE CERTIFICATE HAS EXPIRED: clients refuse to connect'), 2)
  assert.equal(lines.length, 32)
})

test(
  'TLS 1.2 and 1.3 are spoken with today’s suites; CBC and what lacks forward secrecy are refused, after a reload too',
  { timeout: 20_000 },
  async t => {
    const folder = folderOf(t)
    put(folder, newPair())
    const { port } = await startWith(t, folder)
    const judge = async () => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const socket = await handshake(port, { minVersion: version, maxVersion: version })
        assert.equal(socket.getProtocol(), version)
        assert.match(socket.getCipher().name, /GCM|CHACHA20/)
        socket.destroy()
      }
      for (const ciphers of ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'AES128-GCM-SHA256'])
        await assert.rejects(handshake(port, { ciphers, maxVersion: 'TLSv1.2' }), ciphers)
      await assert.rejects(handshake(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }))
    }
    await judge()
    const first = await serialAt(port)
    put(folder, newPair())
    await untilAnother(port, first)
    await judge()
  }
)
