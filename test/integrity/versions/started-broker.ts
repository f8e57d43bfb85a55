import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalCluster } from '../../../src/dev/kafka/local-cluster.ts'
import { ZooKeeperCluster } from './zookeeper-cluster.ts'

export interface StartedBroker {
  readonly address: string
  stop(): Promise<void>
}

/** Versions without a KRaft that is ready for use (KIP-833). */
const WITH_ZOOKEEPER = /^(2\.|3\.[0-2]\.)/

export function modeOf(version: string): 'ZooKeeper' | 'KRaft' {
  return WITH_ZOOKEEPER.test(version) ? 'ZooKeeper' : 'KRaft'
}

export async function startBroker(version: string, libs: string, dataDir: string): Promise<StartedBroker> {
  const jvmFlags = oldLogFlags(dataDir)
  if (modeOf(version) === 'ZooKeeper') {
    const cluster = await ZooKeeperCluster.start({ libs, dataDir, flags: jvmFlags })
    return { address: cluster.addresses[0], stop: () => cluster.stop() }
  }
  const properties = { 'log.cleaner.backoff.ms': '200' }
  const cluster = await LocalCluster.start({ libs, dataDir, brokers: 1, properties, jvmFlags })
  return { address: cluster.bootstrapServers[0], stop: () => cluster.kill() }
}

/** Before 4.0 Kafka logs by another library, and that it has started is read in its log. */
export function oldLogFlags(dataDir: string): string[] {
  const file = join(dataDir, 'log4j.properties')
  const appender = 'log4j.appender.out=org.apache.log4j.ConsoleAppender'
  const layout = 'log4j.appender.out.layout=org.apache.log4j.SimpleLayout'
  writeFileSync(file, `log4j.rootLogger=INFO, out\n${appender}\n${layout}\n`)
  return [`-Dlog4j.configuration=file:${file}`]
}
