import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openAuditStream } from '../../src/telemetry/audit-stream.ts'

const ignore = () => undefined

test('lines are in the file when the call returns, appended to those of before, for its owner only', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'logs', 'audit.jsonl')
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
  for (const name of ['a', 'b']) {
    const stream = openAuditStream(path, log)
    stream.write(`{"name":"${name}"}\n`)
    assert.ok(readFileSync(path, 'utf8').endsWith(`{"name":"${name}"}\n`))
    stream.close()
    await sleep(10)
  }
  assert.equal(readFileSync(path, 'utf8'), '{"name":"a"}\n{"name":"b"}\n')
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('a file that cannot be written is said aloud once, and stops nobody', async () => {
  const said: string[] = []
  const log = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (_: object, message: string) => void said.push(message)
  }
  const stream = openAuditStream('/dev/full', log)
  for (let n = 0; n < 3; n++) stream.write('{}\n')
  await sleep(50)
  assert.deepEqual(said, ['THE AUDIT LOG CANNOT BE WRITTEN: requests go on without being recorded'])
})
