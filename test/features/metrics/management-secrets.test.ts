import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAuthority, createServerCertificate } from '../../../src/dev/certificates/x509.ts'
import { TestGateway } from '../../support/gateway.ts'
import { manage } from './support.ts'

const LIMIT = { timeout: 30_000 }
const validity = { from: new Date(Date.now() - 3_600_000), days: 60 }
const authority = createAuthority('Test authority', ['localhost'], validity)

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'management-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

function putCertificate(folder: string): { readonly certFile: string; readonly keyFile: string } {
  const { certificatePem, key } = createServerCertificate('localhost', ['localhost'], authority, validity)
  const paths = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
  writeFileSync(paths.certFile, certificatePem)
  writeFileSync(paths.keyFile, String(key.export({ type: 'pkcs8', format: 'pem' })))
  return paths
}

async function start(t: TestContext, management: object): Promise<TestGateway> {
  const gateway = await TestGateway.start({ awaitReady: false, settings: { management: { port: 0, ...management } } })
  t.after(() => gateway.close())
  return gateway
}

/** Status, serial number of the certificate, and body. */
function ask(port: number | undefined, path: string): Promise<{ serial: string; text: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      path,
      ca: authority.certificatePem,
      agent: false as const
    }
    request(options, response => {
      const { socket } = response
      const serial =
        'getPeerX509Certificate' in socket
          ? (socket as never as { getPeerX509Certificate(): { serialNumber: string } }).getPeerX509Certificate()
              .serialNumber
          : ''
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ serial, text }))
    })
      .on('error', reject)
      .end()
  })
}

test(
  'another certificate of the management listener is for new connections, and its end is a metric',
  LIMIT,
  async t => {
    const folder = folderOf(t)
    const gateway = await start(t, { tls: putCertificate(folder) })
    const port = gateway.server.managementPort
    const first = await ask(port, '/metrics')
    const days = /^kafka_rest_certificate_expiry_timestamp_seconds\{certificate="management"\} (\d+)$/m.exec(first.text)
    assert.ok(Math.abs(Number(days?.[1]) - Date.now() / 1000 - 60 * 86_400) < 7200)
    assert.match(first.text, /^kafka_rest_certificate_expiry_timestamp_seconds\{certificate="listen"\} \d+$/m)
    putCertificate(folder)
    while ((await ask(port, '/health/live')).serial === first.serial) await sleep(50)
  }
)

test(
  'another management token holds from the next request on, the old one no longer; a file that is gone changes nothing',
  LIMIT,
  async t => {
    const tokenFile = join(folderOf(t), 'token')
    writeFileSync(tokenFile, 'first\n')
    const gateway = await start(t, { tokenFile })
    const status = async (token: string) =>
      (await manage(gateway, '/metrics', { headers: { authorization: `Bearer ${token}` } })).status
    assert.deepEqual([await status('first'), await status('second')], [200, 401])
    writeFileSync(tokenFile, 'second\n')
    assert.deepEqual([await status('first'), await status('second')], [401, 200])
    for (const nothing of [() => writeFileSync(tokenFile, ''), () => rmSync(tokenFile)]) {
      nothing()
      assert.deepEqual([await status('first'), await status(''), await status('second')], [401, 401, 200])
    }
  }
)

test('a token without TLS beyond this machine is warned of', LIMIT, async t => {
  const said = ({ logged }: TestGateway) => logged.filter(({ message }) => message.includes('in the clear')).length
  assert.equal(said(await start(t, { host: '0.0.0.0', token: 'secret' })), 1)
  assert.equal(said(await start(t, { host: '127.0.0.1', token: 'secret' })), 0)
  assert.equal(said(await start(t, { host: '0.0.0.0', token: 'secret', tls: putCertificate(folderOf(t)) })), 0)
})

test('connections of strangers lock out neither scraper nor probes, and do not end theirs', LIMIT, async t => {
  const gateway = await start(t, { token: 'secret' })
  const port = Number(gateway.server.managementPort)
  const scraper = await opened(port)
  const scrape = async () => {
    scraper.write('GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n\r\n')
    const [bytes] = (await once(scraper, 'data')) as [Buffer]
    return bytes.toString('latin1').split('\r\n', 1)[0]
  }
  assert.equal(await scrape(), 'HTTP/1.1 200 OK')
  const strangers: Socket[] = []
  t.after(() => [scraper, ...strangers].forEach(socket => socket.destroy()))
  while (strangers.length < 250) strangers.push(await opened(port))
  assert.equal((await manage(gateway, '/health/live')).status, 200)
  assert.equal(await scrape(), 'HTTP/1.1 200 OK')
  const alive = () => strangers.filter(({ closed }) => !closed).length
  while (alive() > 100) await sleep(20)
})

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}
