import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { type Served, serve, untilServing } from './support.ts'

const LIMIT = { timeout: 60_000 }

/** What a full disk does, to this process alone: no file may grow beyond it. */
const limitFiles = ({ child }: Served, bytes: number | 'unlimited') =>
  execFileSync('prlimit', [`--pid=${child.pid}`, `--fsize=${bytes}:unlimited`])

const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)

async function codeAt(url: string, id: string): Promise<string> {
  const response = await fetch(`${url}/v1/nowhere`, { headers: { 'x-request-id': id } })
  const { code } = (await response.json()) as { code: string }
  return `${response.status} ${code}`
}

test(
  'with audit.onFailure refuse no request is served unrecorded while the disk is full, and all are when it has room',
  LIMIT,
  async t => {
    const gateway = await serve(t, 'pipe', { audit: { output: 'audit.jsonl', onFailure: 'refuse' } })
    gateway.child.stdout?.resume()
    await untilServing(gateway)
    const file = join(gateway.folder, 'audit.jsonl')
    assert.equal(await codeAt(gateway.url, 'before'), '404 ROUTE_NOT_FOUND')
    limitFiles(gateway, statSync(file).size)
    assert.equal(await codeAt(gateway.url, 'unnoticed'), '404 ROUTE_NOT_FOUND')
    const refused = await fetch(`${gateway.url}/v1/nowhere`)
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1'])
    assert.deepEqual(await refused.json(), {
      error_code: 50308,
      code: 'AUDIT_UNAVAILABLE',
      message: 'The request cannot be recorded in the audit log, and so is refused.',
      retriable: true
    })
    assert.equal((await fetch(`${gateway.url}/health/live`)).status, 200)
    limitFiles(gateway, 'unlimited')
    while ((await codeAt(gateway.url, 'after')) !== '404 ROUTE_NOT_FOUND') await sleep(50)
    gateway.child.kill('SIGTERM')
    assert.equal(await gateway.exited, 0)
    assert.deepEqual(
      linesOf(file).map(({ request_id: id }) => id),
      ['before', 'unnoticed', 'after']
    )
  }
)

test(
  'with audit.onFailure drop requests are served, what waits is written when there is room, and what is lost is counted',
  LIMIT,
  async t => {
    const port = await freePort()
    const gateway = await serve(t, 'pipe', { audit: { output: 'audit.jsonl' }, management: { port } })
    gateway.child.stdout?.resume()
    await untilServing(gateway)
    limitFiles(gateway, 0)
    for (const id of ['one', 'two']) assert.equal(await codeAt(gateway.url, id), '404 ROUTE_NOT_FOUND')
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    assert.match(metrics, /^kafka_rest_audit_lines_lost_total 0$/m)
    assert.match(metrics, /^kafka_rest_log_lines_lost_total 0$/m)
    limitFiles(gateway, 'unlimited')
    const file = join(gateway.folder, 'audit.jsonl')
    while (statSync(file).size === 0) await sleep(50)
    assert.deepEqual(
      linesOf(file).map(({ request_id: id }) => id),
      ['one', 'two']
    )
  }
)

test('on standard output audit lines carry a mark and are whole among those of the log', LIMIT, async t => {
  const gateway = await serve(t, 'pipe', { audit: { output: 'stdout' } })
  let text = ''
  gateway.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  await untilServing(gateway)
  assert.equal(await codeAt(gateway.url, 'marked'), '404 ROUTE_NOT_FOUND')
  gateway.child.kill('SIGTERM')
  assert.equal(await gateway.exited, 0)
  const lines = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  const audited = lines.filter(({ log }) => log === 'audit')
  assert.deepEqual(
    audited.map(({ request_id: id }) => id),
    ['marked']
  )
  assert.ok(lines.some(({ log, requestId }) => log === undefined && requestId === 'marked'))
})

test('an audit log in a folder that is not there is refused by its key, and no folder is made', LIMIT, async t => {
  const gateway = await serve(t, 'pipe', { audit: { output: 'nowhere/audit.jsonl' } })
  assert.equal(await gateway.exited, 1)
  assert.match(
    gateway.stderr(),
    /^gateway\.json:\d+:\d+: audit\.output: .*\/nowhere cannot be written: no such file or directory$/m
  )
})
