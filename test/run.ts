import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'
import { freePort } from '../src/dev/kafka/free-port.ts'
import { kafkaJars } from '../src/dev/kafka/jars.ts'
import { LocalCluster } from '../src/dev/kafka/local-cluster.ts'
import { inOrder } from './support/order.ts'

/**
 * Runs the tests against one broker that all of them share: `node test/run.ts [pattern…]`. Topics are unique to a test.
 * Arguments are patterns of test files, and these flags of `node --test`, which itself would sort the files.
 */
const { values, positionals } = parseArgs({
  options: {
    'test-concurrency': { type: 'string', default: '2' },
    'test-name-pattern': { type: 'string', multiple: true, default: [] },
    'test-timeout': { type: 'string', default: '180000' }
  },
  allowPositionals: true
})
const patterns = positionals.length > 0 ? positionals : ['test/**/*.test.ts']
const paths = globSync(patterns, { exclude: ['**/node_modules/**'] }).toSorted()
if (paths.length === 0) throw new Error(`No test file matches ${patterns.join(' ')}.`)

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const dataDir = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-test-'))

// Some thirty brokers and two hundred processes live for seconds each: compiling is most of what they do.
const { JDK_JAVA_OPTIONS: javaOptions = '' } = process.env
process.env.JDK_JAVA_OPTIONS = `-XX:TieredStopAtLevel=1 -XX:+UseSerialGC ${javaOptions}`
process.env.NODE_COMPILE_CACHE ??= join(dataDir, 'compiled')
const libs = await kafkaJars('.local', say)
const cluster = await LocalCluster.start({ libs, dataDir, brokers: 1, properties: { 'log.cleaner.backoff.ms': '200' } })

process.env.KAFKA_REST_TEST_BOOTSTRAP = cluster.bootstrapServers.join(',')
process.env.KAFKA_REST_TEST_LIBS = libs
process.env.KAFKA_REST_TEST_ALONE = String(await freePort())

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
const tests = run({
  files: inOrder(paths.map(path => ({ path, text: readFileSync(path, 'utf8') }))),
  concurrency: Number(values['test-concurrency']),
  testNamePatterns: values['test-name-pattern'],
  timeout: Number(values['test-timeout']),
  signal: stopping.signal
})
tests.on('test:fail', () => (process.exitCode = 1))
for await (const text of tests.compose(spec)) process.stdout.write(text)
await cluster.stop()
rmSync(dataDir, { recursive: true, force: true })
