import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LOG_LEVELS } from '../../src/api/management/route.ts'
import type { RequestLine } from '../../src/core/log.ts'
import { openManagement } from '../../src/server/management.ts'
import { waitUntil } from '../http/support/wait-until.ts'

test('a change of the log level is logged such that it is seen, whatever the two levels are', async t => {
  const lines: string[] = []
  let shown: (typeof LOG_LEVELS)[number] = 'info'
  const at = (level: (typeof LOG_LEVELS)[number]) => (fields: object, message: string) => {
    if (LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(shown)) lines.push(`${message} ${JSON.stringify(fields)}`)
  }
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), request: () => undefined }
  const management = await openManagement(
    { host: '127.0.0.1', port: 0 },
    {
      metrics: () => Promise.resolve(''),
      ready: () => ({}),
      started: () => true,
      logLevel: shown,
      setLogLevel: level => (shown = level),
      drain: () => undefined
    },
    log
  )
  t.after(() => management.close())
  lines.splice(0)
  const change = async (level: string) => {
    const url = `http://127.0.0.1:${management.port}/log-level`
    assert.equal((await fetch(url, { method: 'PUT', body: `{"level":"${level}"}` })).status, 200)
    return lines.splice(0)
  }
  for (const [from, to] of [
    ['info', 'error'],
    ['error', 'fatal'],
    ['fatal', 'error'],
    ['error', 'debug'],
    ['debug', 'fatal'],
    ['fatal', 'warn']
  ])
    assert.deepEqual(await change(to), [
      `The log level is changed {"from":"${from}","to":"${to}","caller":"127.0.0.1"}`
    ])
})

test('requests are answered as on the public port: gzip, identity before 404, one form of errors; their lines are for debug', async t => {
  const requests: RequestLine[] = []
  const ignore = () => undefined
  const management = await openManagement(
    { host: '127.0.0.1', port: 0, token: 'secret' },
    {
      metrics: () => '# HELP\n'.repeat(500),
      ready: () => ({}),
      started: () => true,
      logLevel: 'info',
      setLogLevel: ignore,
      drain: ignore
    },
    { debug: ignore, info: ignore, warn: ignore, error: ignore, request: line => requests.push(line) }
  )
  t.after(() => management.close())
  const ask = async (path: string, init: RequestInit = { headers: { authorization: 'Bearer secret' } }) => {
    const answer = await fetch(`http://127.0.0.1:${management.port}${path}`, init)
    return [answer.status, answer.headers.get('content-encoding') ?? (await answer.json())]
  }
  assert.deepEqual(await ask('/metrics'), [200, 'gzip'])
  assert.deepEqual(await ask('/metrics', {}), [401, { message: 'This needs the token of management.token.' }])
  assert.deepEqual(await ask('/metric', {}), [401, { message: 'This needs the token of management.token.' }])
  const paths = '/metrics, /health/live, /health/startup, /health/ready, /log-level, /drain'
  assert.deepEqual(await ask('/metric'), [404, { message: `There is nothing at this path; there are ${paths}.` }])
  await waitUntil(() => requests.length === 4)
  assert.deepEqual(
    requests.map(({ path, status, isProbe, principal }) => [path, status, isProbe, principal?.id]),
    [
      ['/metrics', 200, true, 'management'],
      ['/metrics', 401, true, undefined],
      ['/metric', 401, true, undefined],
      ['/metric', 404, true, 'management']
    ]
  )
})
