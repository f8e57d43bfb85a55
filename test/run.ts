import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../src/dev/kafka/free-port.ts'
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

// Two files at a time; see test/support/alone.ts for those that are not.
const flags = ['--test', '--test-timeout=180000', '--test-concurrency=2']
const tests = spawn(process.execPath, [...flags, ...given, ...patterns], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tests.kill(signal))
process.exitCode = await new Promise<number>(resolve => tests.once('close', status => resolve(status ?? 1)))
await cluster.stop()
rmSync(dataDir, { recursive: true, force: true })
