import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kafkaJars, kafkaVersion } from '../../../src/dev/kafka/jars.ts'
import { negotiated } from './negotiated.ts'
import { modeOf, startBroker, type StartedBroker } from './started-broker.ts'
import { runTests, type Summary } from './suite.ts'

/**
 * `npm run test:versions -- [version…]`: the tests of the API, and those beside Apache's Java client, against brokers from
 * the oldest version that is promised to the newest, on the Java of the PATH. Fetches what it lacks with Maven.
 */
const VERSIONS = ['2.4.1', '2.8.2', '3.2.3', '3.9.2', '4.0.2', kafkaVersion]
const NOT_RUN: Summary = { passed: 0, failed: 0, skipped: 0, failures: [] }

interface Outcome extends Summary {
  readonly version: string
  /** Of Produce, Fetch, Metadata, ListOffsets. */
  readonly apis: string
}

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort())

const versions = process.argv.length > 2 ? process.argv.slice(2) : VERSIONS
const clientLibs = await kafkaJars('.local', say)
const java = await javaVersion()
const outcomes: Outcome[] = []
for (const version of versions) if (!interrupted.signal.aborted) outcomes.push(await test(version))
say('\nversion  mode       Java  passed  failed  skipped  Produce/Fetch/Metadata/ListOffsets')
for (const { version, passed, failed, skipped, apis, failures } of outcomes) {
  const counts = `${column(passed, 6)}  ${column(failed, 6)}  ${column(skipped, 7)}`
  say(`${version.padEnd(8)} ${modeOf(version).padEnd(10)} ${java.padEnd(4)}  ${counts}  ${apis}`)
  for (const failure of failures) say(`         failed: ${failure}`)
}
const complete = outcomes.length === versions.length
process.exitCode = complete && outcomes.every(({ failed, failures }) => failed + failures.length === 0) ? 0 : 1

/** A version that cannot be fetched or does not start has failed; the others are still tested. */
async function test(version: string): Promise<Outcome> {
  say(`\nKafka ${version}`)
  const dataDir = mkdtempSync(join(tmpdir(), `kafka-rest-gateway-${version}-`))
  let broker: StartedBroker | undefined
  let apis = '-'
  try {
    broker = await startBroker(version, await kafkaJars('.local', say, version), dataDir)
    apis = await negotiated(broker.address)
    interrupted.signal.throwIfAborted()
    // Tests that are interrupted do not tidy up: their folders go with this one.
    return { version, apis, ...(await runTests(broker.address, clientLibs, dataDir, interrupted.signal, say)) }
  } catch (error) {
    return { version, apis, ...NOT_RUN, failures: [error instanceof Error ? error.message : String(error)] }
  } finally {
    await broker?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function javaVersion(): Promise<string> {
  const { stderr } = await promisify(execFile)('java', ['-version'])
  return /version "(\d+)/.exec(stderr)?.[1] ?? '?'
}

function column(count: number, width: number): string {
  return String(count).padStart(width)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
