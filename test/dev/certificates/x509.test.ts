import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createAuthority, createServerCertificate } from '../../../src/dev/certificates/x509.ts'

const run = promisify(execFile)
const NAMES = ['localhost', '127.0.0.1', '::1', 'login.microsoftonline.com']
const VALIDITY = { from: new Date(Date.now() - 60_000), days: 30 }
const TRUST_PROBE = fileURLToPath(new URL('./TrustProbe.java', import.meta.url))
const PYTHON =
  'import ssl, sys, urllib.request as u; print(u.urlopen(sys.argv[1], context=ssl.create_default_context(cafile=sys.argv[2])).status)'

suite('A server certificate of the local authority', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-x509-'))
  const caFile = join(folder, 'ca.pem')
  const authority = createAuthority('Test authority', NAMES, VALIDITY)
  const certificate = createServerCertificate('localhost', NAMES, authority, VALIDITY)
  const key = certificate.key.export({ type: 'pkcs8', format: 'pem' })
  const server = createServer({ cert: certificate.certificatePem, key }, (_, response) => response.end('ok'))
  let port: number
  before(async () => {
    writeFileSync(caFile, authority.certificatePem)
    await new Promise<void>(listening => server.listen({ host: '127.0.0.1', port: 0 }, listening))
    port = (server.address() as AddressInfo).port
  })
  after(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const url = (host: string): string => `https://${host}:${port}/`

  test('is trusted by Node for each of its names', async () => {
    for (const servername of NAMES.filter(name => !name.includes(':'))) {
      const status = await new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port, servername, headers: { host: servername }, agent: false as const }
        get({ ...options, ca: authority.certificatePem }, answer => resolve(answer.resume().statusCode)).on(
          'error',
          reject
        )
      })
      assert.equal(status, 200, servername)
    }
    assert.equal(new X509Certificate(certificate.certificatePem).checkIP('::1'), '::1')
  })

  test('is trusted by curl, by Python and by Java, by name and by address', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      const curl = ['-sS', '--noproxy', '*', '-4', '--cacert', caFile, url(host)]
      assert.equal((await run('curl', curl)).stdout, 'ok')
      const { HTTPS_PROXY: _upper, https_proxy: _lower, ...env } = process.env
      assert.equal((await run('python3', ['-c', PYTHON, url(host), caFile], { env })).stdout.trim(), '200')
    }
    const { stdout } = await run('java', ['-Xmx64m', TRUST_PROBE, caFile, url('localhost'), url('127.0.0.1')])
    assert.equal(stdout.trim(), '200 200')
  })

  test("passes OpenSSL's strict checks of form", async () => {
    const leafFile = join(folder, 'server.pem')
    writeFileSync(leafFile, certificate.certificatePem)
    const strict = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', caFile, leafFile]
    assert.equal((await run('openssl', strict)).stdout.trim(), `${leafFile}: OK`)
  })

  test('cannot be made for any other name: the authority is constrained, and OpenSSL holds to it', async () => {
    const strayFile = join(folder, 'stray.pem')
    for (const name of ['bank.example', '10.0.0.1']) {
      writeFileSync(strayFile, createServerCertificate(name, [name], authority, VALIDITY).certificatePem)
      const refused = await run('openssl', ['verify', '-CAfile', caFile, strayFile]).catch(
        (error: { stderr: string }) => error.stderr
      )
      assert.match(String(refused), /permitted subtree violation/, name)
    }
  })
})
