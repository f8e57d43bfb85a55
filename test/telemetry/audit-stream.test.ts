import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openAuditStream } from '../../src/telemetry/audit-stream.ts'
import { waitUntil } from '../http/support/wait-until.ts'

function fileOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'audit-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'audit.jsonl')
}

function listening() {
  const said: { readonly level: string; readonly message: string; readonly fields: object }[] = []
  const at = (level: string) => (fields: object, message: string) => void said.push({ level, message, fields })
  return { said, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}

/** What a full disk does, to this process alone: no file may grow beyond it. */
const limitFiles = (bytes: number | 'unlimited') =>
  execFileSync('prlimit', [`--pid=${process.pid}`, `--fsize=${bytes}:unlimited`])

test('lines are in the file when the call returns, appended to those of before, for its owner only', t => {
  const path = fileOf(t)
  const { log, said } = listening()
  for (const name of ['a', 'b']) {
    const stream = openAuditStream(path, log)
    stream.write(`{"name":"${name}"}\n`)
    assert.ok(readFileSync(path, 'utf8').endsWith(`{"name":"${name}"}\n`))
    stream.close()
  }
  assert.equal(readFileSync(path, 'utf8'), '{"name":"a"}\n{"name":"b"}\n')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(said, [])
})

test('a folder that is not there is refused, not made', t => {
  assert.throws(() => openAuditStream(join(fileOf(t), 'audit.jsonl'), listening().log), /ENOENT|ENOTDIR/)
})

test('a full disk is reported once, keeps 4 MiB of lines and counts the others', t => {
  const { log, said } = listening()
  const stream = openAuditStream('/dev/full', log)
  t.after(() => stream.close())
  const line = `${'x'.repeat(1023)}\n`
  for (let n = 0; n < 10_000; n++) stream.write(line)
  assert.equal(stream.failing, true)
  assert.equal(stream.lost, 10_000 - 4096)
  assert.deepEqual(
    said.map(({ level, message }) => [level, message]),
    [['error', 'THE AUDIT LOG CANNOT BE WRITTEN: 4 MiB of lines wait, others are lost']]
  )
})

test('a disk with room again has every line that waited, whole and in order, and the log says that it is over', async t => {
  const path = fileOf(t)
  const { log, said } = listening()
  const stream = openAuditStream(path, log)
  t.after(() => stream.close())
  const lines = Array.from({ length: 100 }, (_, n) => `{"n":${n},"filler":"${'x'.repeat(80)}"}\n`)
  limitFiles(1000)
  try {
    for (const line of lines) stream.write(line)
    assert.equal(statSync(path).size, 1000)
    assert.equal(stream.failing, true)
  } finally {
    limitFiles('unlimited')
  }
  await waitUntil(() => !stream.failing)
  assert.equal(readFileSync(path, 'utf8'), lines.join(''))
  assert.equal(stream.lost, 0)
  assert.equal(said.at(-1)?.message, 'The audit log can be written again')
})
