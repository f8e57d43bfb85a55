import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority } from '../../src/dev/certificates/x509.ts'
import { expiryOfFile } from '../../src/server/certificate-expiry.ts'

test('the end of a certificate that is read at each connection is that of its file now; of none, or one that is broken, nothing is said', t => {
  const folder = mkdtempSync(join(tmpdir(), 'expiry-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'kafka.pem')
  const from = new Date('2026-01-01T00:00:00Z')
  for (const days of [10, 20]) {
    writeFileSync(file, createAuthority('Kafka', ['localhost'], { from, days }).certificatePem)
    const expirySeconds = from.getTime() / 1000 + days * 86_400
    assert.deepEqual(expiryOfFile('kafka', file), [{ certificate: 'kafka', expirySeconds }])
  }
  writeFileSync(file, 'half a cert')
  assert.deepEqual([expiryOfFile('kafka', file), expiryOfFile('graph', undefined)], [[], []])
})
