import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createLogger, type LogLevel } from '../../src/telemetry/logger.ts'

/** What one call writes, parsed. */
const written = (level: LogLevel, write: (logger: ReturnType<typeof createLogger>) => void): unknown[] => {
  const lines: string[] = []
  write(createLogger(level, { write: line => lines.push(line) }))
  return lines.map(line => JSON.parse(line))
}

test('a line is JSON with a time in ISO 8601, the level as a word, the fields and the text', () => {
  const [line] = written('info', logger => logger.info({ requestId: 'r1' }, 'answered'))
  assert.ok(typeof line === 'object' && line !== null && 'time' in line)
  assert.match(String(line.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.deepEqual({ ...line, time: '' }, { level: 'info', time: '', requestId: 'r1', msg: 'answered' })
})

test('levels below the configured one write nothing', () => {
  const lines = written('warn', logger => {
    logger.debug({}, 'a')
    logger.info({}, 'b')
    logger.warn({}, 'c')
    logger.error({}, 'd')
  })
  assert.equal(lines.length, 2)
})

test('secrets under their usual names are hidden, and the object that holds them is left as it was', () => {
  const fields = {
    authorization: 'hush',
    password: 'hush',
    clientSecret: 'hush',
    token: 'hush',
    access_token: 'hush',
    headers: { authorization: 'hush', accept: 'seen' },
    req: { headers: { authorization: 'hush' } },
    kafka: { sasl: { username: 'seen', password: 'hush' } },
    auth: { graph: { clientSecret: 'hush' } }
  }
  const text = JSON.stringify(written('info', logger => logger.info(fields, 'x')))
  assert.doesNotMatch(text, /hush/)
  assert.equal(text.match(/seen/g)?.length, 2)
  assert.equal(fields.kafka.sasl.password, 'hush')
})

test('the cause of an error is written with it', () => {
  const error = new Error('outer', { cause: new Error('inner') })
  const text = JSON.stringify(written('info', logger => logger.error({ err: error }, 'failed')))
  assert.match(text, /outer/)
  assert.match(text, /inner/)
})

test('the last line before an exit reaches standard output', () => {
  const module = fileURLToPath(new URL('../../src/telemetry/logger.ts', import.meta.url))
  const program = `import { createLogger } from ${JSON.stringify(module)}
    createLogger('info').info({}, 'last words')
    process.exit(3)`
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8'
  })
  assert.equal(status, 3)
  assert.match(stdout, /"msg":"last words"\}\n$/)
})
