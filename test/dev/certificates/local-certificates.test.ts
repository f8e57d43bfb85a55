import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { localCertificates } from '../../../src/dev/certificates/local-certificates.ts'
import { createAuthority, createServerCertificate } from '../../../src/dev/certificates/x509.ts'

suite('Local certificates', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-certs-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('stay the same from start to start, so that clients need to trust an authority once', () => {
    const first = readFileSync(localCertificates(folder).caFile, 'utf8')
    assert.equal(readFileSync(localCertificates(folder).caFile, 'utf8'), first)
  })

  test("leave the server's key to its owner alone, and the authority's key nowhere", () => {
    const { keyFile } = localCertificates(folder)
    assert.equal(statSync(keyFile).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(folder).toSorted(), ['ca.pem', 'server-key.pem', 'server.pem'])
  })

  test('are made anew, authority and all, when little of their time is left', () => {
    const { caFile, certFile } = localCertificates(folder)
    const validity = { from: new Date(), days: 29 }
    const authority = createAuthority('Old authority', ['localhost'], validity)
    writeFileSync(caFile, authority.certificatePem)
    writeFileSync(certFile, createServerCertificate('localhost', ['localhost'], authority, validity).certificatePem)
    const renewed = localCertificates(folder)
    const server = new X509Certificate(readFileSync(renewed.certFile))
    assert.ok(server.validToDate.getTime() > Date.now() + 300 * 86_400_000)
    assert.ok(server.verify(new X509Certificate(readFileSync(renewed.caFile)).publicKey))
  })
})
