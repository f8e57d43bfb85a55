import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { kafkaJars, kafkaVersion } from '../../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../../src/dev/kafka/local-cluster.ts'
import { jarsOf } from './jars.ts'
import { ZooKeeperBroker } from './zookeeper-broker.ts'

/**
 * `npm run test:versions -- [version…]`: the tests of the API, and those beside Apache's Java client, against brokers from
 * the oldest version that is promised to the newest. Fetches what it lacks with Maven.
 */
const VERSIONS = ['2.4.1', '2.8.2', '3.2.3', '3.9.2', '4.0.2', kafkaVersion]
/** Versions without a KRaft that is ready for use (KIP-833). */
const WITH_ZOOKEEPER = /^(2\.|3\.[0-2]\.)/
const PATTERNS = ['test/features/v1/*.test.ts', 'test/features/interop/*.test.ts']

interface Outcome {
  readonly version: string
  readonly mode: string
  readonly counts: ReadonlyMap<string, number>
  readonly failed: readonly string[]
}

const versions = process.argv.length > 2 ? process.argv.slice(2) : VERSIONS
const clientLibs = await kafkaJars('.local', say)
const outcomes: Outcome[] = []
for (const version of versions) outcomes.push(await test(version))
say('\nversion  mode       passed  failed  skipped')
for (const { version, mode, counts, failed } of outcomes) {
  const count = (name: string) => String(counts.get(name) ?? 0).padStart(6)
  say(`${version.padEnd(8)} ${mode.padEnd(10)} ${count('pass')}  ${count('fail')}  ${count('skipped')}`)
  for (const name of failed) say(`         failed: ${name}`)
}
process.exitCode = outcomes.some(({ counts }) => counts.get('fail') !== 0) ? 1 : 0

async function test(version: string): Promise<Outcome> {
  say(`\nKafka ${version}`)
  const libs = await jarsOf(version)
  const dataDir = mkdtempSync(join(tmpdir(), `kafka-rest-proxy-${version}-`))
  const mode = WITH_ZOOKEEPER.test(version) ? 'ZooKeeper' : 'KRaft'
  try {
    if (mode === 'ZooKeeper') {
      const broker = await ZooKeeperBroker.start(libs, dataDir)
      const outcome = await runTests(broker.address)
      await broker.stop()
      return { version, mode, ...outcome }
    }
    const cluster = await LocalCluster.start({
      libs,
      dataDir,
      brokers: 1,
      properties: { 'log.cleaner.backoff.ms': '200' },
      jvmFlags: [`-Dlog4j.configuration=file:${oldLogConfig(dataDir)}`]
    })
    const outcome = await runTests(cluster.bootstrapServers[0])
    await cluster.kill()
    return { version, mode, ...outcome }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** Before 4.0 Kafka logs by another library, and that it has started is read in its log. */
function oldLogConfig(dataDir: string): string {
  const file = join(dataDir, 'log4j.properties')
  const appender = 'log4j.appender.out=org.apache.log4j.ConsoleAppender'
  const layout = 'log4j.appender.out.layout=org.apache.log4j.SimpleLayout'
  writeFileSync(file, `log4j.rootLogger=INFO, out\n${appender}\n${layout}\n`)
  return file
}

async function runTests(bootstrap: string): Promise<Pick<Outcome, 'counts' | 'failed'>> {
  const counts = new Map<string, number>()
  const failed: string[] = []
  const child = spawn(process.execPath, ['--test', '--test-timeout=180000', ...PATTERNS], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KAFKA_REST_TEST_BOOTSTRAP: bootstrap, KAFKA_REST_TEST_LIBS: clientLibs }
  })
  createInterface({ input: child.stdout }).on('line', line => {
    const [, name, count] = /^ℹ (tests|pass|fail|cancelled|skipped) (\d+)$/.exec(line) ?? []
    if (name !== undefined) {
      counts.set(name, Number(count))
      say(line)
    }
    const [, broken] = /^\s*✖ (.+) \([\d.]+ms\)$/.exec(line) ?? []
    if (broken !== undefined && !failed.includes(broken)) failed.push(broken)
  })
  await new Promise(resolve => child.once('close', resolve))
  return { counts, failed }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
