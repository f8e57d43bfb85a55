import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * `npm run test:integrity -- [--minutes N] [pattern…]`: every promise under faults and load, in its long form. Each test
 * repeats its fault for so many minutes; without, each fault happens once.
 */
const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '0' } },
  allowPositionals: true
})
const minutes = Number(values.minutes)
if (!(minutes >= 0)) throw new RangeError(`--minutes ${values.minutes} is no number of minutes.`)

/** For what a test does beside its faults. */
const BESIDE_MS = 300_000
const patterns = positionals.length > 0 ? positionals : ['test/integrity/*.test.ts', 'test/integrity/*.long.ts']
const run = fileURLToPath(new URL('../run.ts', import.meta.url))
const limit = `--test-timeout=${Math.ceil(minutes * 2 * 60_000 + BESIDE_MS)}`
const child = spawn(process.execPath, [run, limit, '--test-concurrency=1', ...patterns], {
  stdio: 'inherit',
  env: { ...process.env, KAFKA_REST_TEST_MINUTES: values.minutes }
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
process.exitCode = await new Promise<number>(resolve => child.once('close', status => resolve(status ?? 1)))
