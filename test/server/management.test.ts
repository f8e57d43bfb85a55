import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LOG_LEVELS } from '../../src/http/management/server.ts'
import { openManagement } from '../../src/server/management.ts'

test('a change of the log level is logged such that it is seen, whatever the two levels are', async t => {
  const lines: string[] = []
  let shown: (typeof LOG_LEVELS)[number] = 'info'
  const at = (level: (typeof LOG_LEVELS)[number]) => (fields: object, message: string) => {
    if (LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(shown)) lines.push(`${message} ${JSON.stringify(fields)}`)
  }
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
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
