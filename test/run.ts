import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaJars } from '../src/dev/kafka/jars.ts'
import { LocalCluster } from '../src/dev/kafka/local-cluster.ts'

/**
 * Runs the tests against one broker that all of them share: `node test/run.ts [pattern…]`. Topics are unique to a test.
 * Arguments are patterns of test files, or flags of `node --test`.
 */
const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const given = process.argv.slice(2)
const patterns = given.some(argument => !argument.startsWith('-')) ? [] : ['test/**/*.test.ts']
const dataDir = mkdtempSync(join(tmpdir(), 'kafka-rest-proxy-test-'))

// Some thirty brokers and two hundred processes live for seconds each: compiling is most of what they do.
const { JDK_JAVA_OPTIONS: javaOptions = '' } = process.env
process.env.JDK_JAVA_OPTIONS = `-XX:TieredStopAtLevel=1 -XX:+UseSerialGC ${javaOptions}`
process.env.NODE_COMPILE_CACHE ??= join(dataDir, 'compiled')
const libs = await kafkaJars('.local', say)
const cluster = await LocalCluster.start({ libs, dataDir, brokers: 1, properties: { 'log.cleaner.backoff.ms': '200' } })

const tests = spawn(process.execPath, ['--test', '--test-timeout=180000', ...given, ...patterns], {
  stdio: 'inherit',
  env: { ...process.env, KAFKA_REST_TEST_BOOTSTRAP: cluster.bootstrapServers.join(','), KAFKA_REST_TEST_LIBS: libs }
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tests.kill(signal))
process.exitCode = await new Promise<number>(resolve => tests.once('close', status => resolve(status ?? 1)))
await cluster.stop()
rmSync(dataDir, { recursive: true, force: true })
