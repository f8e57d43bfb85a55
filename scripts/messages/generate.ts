import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, type FormatOptions } from 'oxfmt'
import { openJar } from './jar.ts'
import { moduleOf, namesModuleOf } from './module.ts'
import { keyFrom, messageFrom, type Message } from './schema.ts'

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
  'Heartbeat',
  'IncrementalAlterConfigs',
  'InitProducerId',
  'JoinGroup',
  'LeaveGroup',
  'ListGroups',
  'ListOffsets',
  'ListPartitionReassignments',
  'Metadata',
  'OffsetCommit',
  'OffsetDelete',
  'OffsetFetch',
  'ShareGroupDescribe',
  'SyncGroup'
] as const

/** What it asks on its hot paths, in messages written by hand. */
const HOT_PATHS = ['Produce', 'Fetch'] as const

const FORMAT = JSON.parse(readFileSync(new URL('../../.oxfmtrc.json', import.meta.url), 'utf8')) as FormatOptions & {
  ignorePatterns?: unknown
}

/** Request and answer of each message, by Kafka's name. `libs` is the folder with Kafka's jars. */
export function messagesOf(libs: string, kafkaVersion: string): Map<string, { request: Message; response: Message }> {
  const definition = definitionsIn(libs, kafkaVersion)
  const message = (name: string) => messageFrom(definition(name))
  return new Map(
    MESSAGES.map(name => [name, { request: message(`${name}Request`), response: message(`${name}Response`) }])
  )
}

function definitionsIn(libs: string, kafkaVersion: string): (name: string) => string {
  const read = openJar(join(libs, `kafka-clients-${kafkaVersion}.jar`))
  return name => read(`common/message/${name}.json`).toString()
}

/** Returns the module of the names, for layers that do not know the messages. */
export async function generateNames(libs: string, kafkaVersion: string): Promise<string> {
  const definition = definitionsIn(libs, kafkaVersion)
  const names = [...HOT_PATHS, ...MESSAGES].map(name => [keyFrom(definition(`${name}Request`)), name] as const)
  return formatted('kafka-apis.ts', namesModuleOf(names, kafkaVersion))
}

/** The formatted modules, by the name of their file. */
export async function generate(libs: string, kafkaVersion: string): Promise<Map<string, string>> {
  const modules = new Map<string, string>()
  for (const [name, { request, response }] of messagesOf(libs, kafkaVersion)) {
    const file = `${name.replaceAll(/(?<!^)[A-Z]/g, capital => `-${capital}`).toLowerCase()}.ts`
    modules.set(file, await formatted(file, moduleOf(name, request, response, kafkaVersion)))
  }
  return modules
}

async function formatted(file: string, text: string): Promise<string> {
  const { ignorePatterns: _, ...options } = FORMAT
  const { code, errors } = await format(file, text, options)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`)
  return code
}
