import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { kafkaVersion } from '../../../src/dev/kafka/jars.ts'

const run = promisify(execFile)
/** Holds Kafka's own storage for tests: a folder in place of an object store. */
const ARTIFACTS = ['kafka-storage', 'kafka-clients', 'kafka-server-common']

/** Properties of brokers that move closed segments to a folder as soon as they can (KIP-405). */
export async function tieredStorage(folder: string): Promise<Readonly<Record<string, string>>> {
  return {
    'remote.log.storage.system.enable': 'true',
    'remote.log.storage.manager.class.name': 'org.apache.kafka.server.log.remote.storage.LocalTieredStorage',
    'remote.log.storage.manager.class.path': join(await testJars(), '*'),
    'remote.log.metadata.manager.listener.name': 'PLAINTEXT',
    'rlmm.config.remote.log.metadata.topic.replication.factor': '1',
    'rlmm.config.remote.log.metadata.topic.num.partitions': '1',
    'rsm.config.dir': folder,
    'remote.log.manager.task.interval.ms': '200',
    'log.retention.check.interval.ms': '200',
    'log.initial.task.delay.ms': '200'
  }
}

/** Settings of a topic of which only the segment that is being written stays on the broker. */
export const TIERED_TOPIC: Readonly<Record<string, string>> = {
  'remote.storage.enable': 'true',
  'segment.bytes': '1048576',
  'local.retention.bytes': '1'
}

/** What a remote read may take, and how much all of them together; both can be changed while a broker runs. */
export const MAX_WAIT = 'remote.fetch.max.wait.ms'
export const MAX_RATE = 'remote.log.manager.fetch.max.bytes.per.second'
export const UNLIMITED = String(2 ** 53)

/** Fetched with Maven the first time and kept, like Kafka's jars. */
async function testJars(): Promise<string> {
  const folder = resolve('.local', `kafka-test-${kafkaVersion}`)
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  for (const artifact of ARTIFACTS) {
    const coordinates = `org.apache.kafka:${artifact}:${kafkaVersion}:jar:test`
    const options = [`-Dartifact=${coordinates}`, `-DoutputDirectory=${unfinished}`]
    await run('mvn', ['-B', '-q', 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy', ...options])
  }
  try {
    renameSync(unfinished, folder)
  } catch {
    // Another test was quicker.
    rmSync(unfinished, { recursive: true, force: true })
  }
  return folder
}
