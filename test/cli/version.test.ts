import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { kafkaRestProxy } from './support/command-line.ts'

test('version prints the version of package.json and nothing else', async () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  assert.ok(typeof manifest === 'object' && manifest !== null && 'version' in manifest)
  assert.deepEqual(await kafkaRestProxy(['version']), {
    exitCode: 0,
    stdout: `${String(manifest.version)}\n`,
    stderr: ''
  })
})
