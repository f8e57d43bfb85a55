import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LineOutput, type LineOutputOptions } from '../../src/telemetry/line-output.ts'
import { waitUntil } from '../http/support/wait-until.ts'

function outputTo(fd: number, options: Partial<LineOutputOptions> = {}) {
  const said: string[] = []
  const output = new LineOutput({
    fd,
    limitBytes: 1000,
    writeBytes: 64 * 1024,
    background: false,
    onFailure: reason => said.push(`failure ${reason}`),
    onRecovery: lost => said.push(`recovery ${lost}`),
    onAbandoned: (reason, lost) => said.push(`abandoned ${lost} ${reason}`),
    ...options
  })
  return { output, said }
}

/** A pipe whose reader does not read by itself, and whose writer does not block. */
function pipe(t: TestContext): { readonly writer: number; readonly read: () => string } {
  const folder = mkdtempSync(join(tmpdir(), 'line-output-test-'))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  t.after(() => {
    closeSync(reader)
    closeSync(writer)
    rmSync(folder, { recursive: true })
  })
  const chunk = Buffer.alloc(1024 * 1024)
  return {
    writer,
    read: () => {
      try {
        return chunk.toString('utf8', 0, readSync(reader, chunk))
      } catch {
        return ''
      }
    }
  }
}

const full = (t: TestContext): number => {
  const fd = openSync('/dev/full', 'w')
  t.after(() => closeSync(fd))
  return fd
}

for (const background of [false, true])
  test(`a full disk costs the lines beyond the limit, which are counted, and is reported once (${background ? 'in the background' : 'at once'})`, async t => {
    const { output, said } = outputTo(full(t), { background })
    for (let n = 0; n < 30; n++) output.write(`${'x'.repeat(98)}\n\n`)
    await waitUntil(() => output.failing)
    assert.equal(output.lost, 40)
    output.write('x\n')
    assert.equal(said.filter(text => text === 'failure ENOSPC: no space left on device').length, 1)
    output.close(50)
    assert.equal(output.lost, 61)
    assert.deepEqual(said.slice(-1), ['abandoned 61 ENOSPC: no space left on device'])
  })

test('a reader that stands still costs whole lines beyond the limit; what waited comes in order when it reads again', async t => {
  const { writer, read } = pipe(t)
  const { output, said } = outputTo(writer, { limitBytes: 200_000 })
  const line = (n: number) => `${String(n).padStart(9, '0')}\n`
  let sent = 0
  while (output.lost === 0) output.write(line(sent++))
  for (let n = 0; n < 5; n++) output.write(line(sent++))
  assert.equal(output.lost, 6)
  assert.deepEqual(said, ['failure its reader is too slow'])
  let got = ''
  await waitUntil(() => (got += read()).length >= (sent - 6) * 10)
  await waitUntil(() => said.length === 2)
  assert.deepEqual(said[1], 'recovery 6')
  output.write('more\n')
  got += read()
  const expected = Array.from({ length: sent - 6 }, (_, n) => line(n))
  assert.equal(got, `${expected.join('')}more\n`)
  assert.equal(output.failing, false)
})

test('closing waits for a reader that stands still as long as it may, then gives up and says so', t => {
  const { writer } = pipe(t)
  const { output, said } = outputTo(writer, { limitBytes: 200_000 })
  for (let n = 0; n < 10; n++) output.write(`${'x'.repeat(9999)}\n`)
  const startedMs = performance.now()
  output.close(300)
  const tookMs = performance.now() - startedMs
  assert.ok(tookMs >= 300 && tookMs < 2000, `${tookMs} ms`)
  assert.equal(said.length, 1)
  assert.match(said[0], /^abandoned [34] its reader is too slow$/)
})

test('a write under way in the background when the process ends is not made twice; a line of now does not wait for it', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'line-output-test-'))
  const path = join(folder, 'log')
  const fd = openSync(path, 'a')
  t.after(() => {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })
  const { output, said } = outputTo(fd, { background: true, limitBytes: 1_000_000 })
  const lines = Array.from({ length: 100 }, (_, n) => `${n}\n`)
  for (const line of lines) output.write(line)
  output.writeNow('now\n')
  assert.match(readFileSync(path, 'utf8'), /^now$/m)
  output.close(1000)
  await sleep(200)
  const written = readFileSync(path, 'utf8').trimEnd().split('\n')
  assert.deepEqual(written.toSorted(), [...lines, 'now\n'].map(line => line.trimEnd()).toSorted())
  assert.deepEqual([output.lost, said], [0, []])
})
