import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, type FormatOptions } from 'oxfmt'
import { openJar } from './jar.ts'
import { moduleOf } from './module.ts'
import { messageFrom, type Message } from './schema.ts'

/** Kafka's names of what the gateway asks off its hot paths. A new one: add it, and run `npm run messages:generate`. */
export const MESSAGES = [
  'AlterPartitionReassignments',
  'ConsumerGroupDescribe',
  'CreateAcls',
  'CreatePartitions',
  'CreateTopics',
  'DeleteAcls',
  'DeleteGroups',
  'DeleteRecords',
  'DeleteTopics',
  'DescribeAcls',
  'DescribeCluster',
  'DescribeConfigs',
  'DescribeGroups',
  'DescribeLogDirs',
  'ElectLeaders',
  'FindCoordinator',
  'IncrementalAlterConfigs',
  'InitProducerId',
  'ListGroups',
  'ListOffsets',
  'ListPartitionReassignments',
  'Metadata',
  'OffsetCommit',
  'OffsetDelete',
  'OffsetFetch',
  'ShareGroupDescribe'
] as const

const FORMAT = JSON.parse(readFileSync(new URL('../../.oxfmtrc.json', import.meta.url), 'utf8')) as FormatOptions & {
  ignorePatterns?: unknown
}

/** Request and answer of each message, by Kafka's name. `libs` is the folder with Kafka's jars. */
export function messagesOf(libs: string, kafkaVersion: string): Map<string, { request: Message; response: Message }> {
  const read = openJar(join(libs, `kafka-clients-${kafkaVersion}.jar`))
  const message = (name: string) => messageFrom(read(`common/message/${name}.json`).toString())
  return new Map(
    MESSAGES.map(name => [name, { request: message(`${name}Request`), response: message(`${name}Response`) }])
  )
}

/** The formatted modules, by the name of their file. */
export async function generate(libs: string, kafkaVersion: string): Promise<Map<string, string>> {
  const { ignorePatterns: _, ...options } = FORMAT
  const modules = new Map<string, string>()
  for (const [name, { request, response }] of messagesOf(libs, kafkaVersion)) {
    const file = `${name.replaceAll(/(?<!^)[A-Z]/g, capital => `-${capital}`).toLowerCase()}.ts`
    const { code, errors } = await format(file, moduleOf(name, request, response, kafkaVersion), options)
    if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`)
    modules.set(file, code)
  }
  return modules
}
