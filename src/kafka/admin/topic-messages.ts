import type { TopicSpec } from '../../core/topic-spec.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import { exchange, type Api } from '../transport/exchange.ts'
import type { WireReader } from '../wire/wire-reader.ts'

const CREATE_TOPICS: Api = { key: 19, min: 4, max: 6, flexibleSince: 5 }
const DELETE_TOPICS: Api = { key: 20, min: 1, max: 5, flexibleSince: 4 }
const DESCRIBE_CONFIGS: Api = { key: 32, min: 1, max: 4, flexibleSince: 4 }
const TOPIC_RESOURCE = 2
/** Kafka: "the cluster's default". */
const DEFAULT = -1

export interface TopicAnswer {
  readonly errorCode: number
  /** Kafka's own words. */
  readonly reason: string | null
}

/** @see https://kafka.apache.org/protocol#The_Messages_CreateTopics */
export function askCreateTopic(
  channel: BrokerChannel,
  name: string,
  spec: TopicSpec,
  timeoutMs: number
): Promise<TopicAnswer> {
  return exchange(
    channel,
    CREATE_TOPICS,
    writer => {
      writer.arrayLength(1).string(name)
      writer.int32(spec.partitionCount ?? DEFAULT).int16(spec.replicationFactor ?? DEFAULT)
      writer.arrayLength(0).arrayLength(spec.properties.size)
      for (const [key, value] of spec.properties) writer.string(key).string(value).noTags()
      writer.noTags().int32(timeoutMs).int8(0).noTags()
    },
    reader => {
      reader.int32() // throttle time
      reader.arrayLength()
      reader.string()
      return { errorCode: reader.int16(), reason: reader.string() }
    }
  )
}

/** @see https://kafka.apache.org/protocol#The_Messages_DeleteTopics */
export function askDeleteTopic(channel: BrokerChannel, name: string, timeoutMs: number): Promise<TopicAnswer> {
  return exchange(
    channel,
    DELETE_TOPICS,
    writer => writer.arrayLength(1).string(name).int32(timeoutMs).noTags(),
    (reader, version) => {
      reader.int32() // throttle time
      reader.arrayLength()
      reader.string()
      return { errorCode: reader.int16(), reason: version >= 5 ? reader.string() : null }
    }
  )
}

/**
 * Asks for one property of some topics, as the brokers apply it. Topics of which Kafka does not tell it are left out.
 * @see https://kafka.apache.org/protocol#The_Messages_DescribeConfigs
 */
export function askTopicProperty(
  channel: BrokerChannel,
  names: readonly string[],
  property: string
): Promise<Map<string, string>> {
  return exchange(
    channel,
    DESCRIBE_CONFIGS,
    (writer, version) => {
      writer.arrayLength(names.length)
      for (const name of names) writer.int8(TOPIC_RESOURCE).string(name).arrayLength(1).string(property).noTags()
      writer.int8(0)
      if (version >= 3) writer.int8(0)
      writer.noTags()
    },
    (reader, version) => {
      const values = new Map<string, string>()
      reader.int32() // throttle time
      for (let topics = reader.arrayLength(); topics > 0; topics--) {
        const errorCode = reader.int16()
        reader.string() // error message
        reader.int8() // resource type
        const name = reader.string() ?? ''
        for (let configs = reader.arrayLength(); configs > 0; configs--) {
          const value = readConfig(reader, version)
          if (errorCode === 0 && value !== null) values.set(name, value)
        }
        reader.skipTags()
      }
      return values
    }
  )
}

/** Only the value is of use: the rest must be passed over to reach the next topic. */
function readConfig(reader: WireReader, version: number): string | null {
  reader.string() // name
  const value = reader.string()
  reader.int8() // read only
  reader.int8() // source
  reader.int8() // sensitive
  for (let synonyms = reader.arrayLength(); synonyms > 0; synonyms--) {
    reader.string()
    reader.string()
    reader.int8()
    reader.skipTags()
  }
  if (version >= 3) {
    reader.int8() // type
    reader.string() // documentation
  }
  reader.skipTags()
  return value
}
