import type { TopicSpec } from '../../core/topic-spec.ts'
import { createTopics } from '../messages/create-topics.ts'
import { deleteTopics } from '../messages/delete-topics.ts'
import { describeConfigs } from '../messages/describe-configs.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import { exchange } from '../transport/exchange.ts'
import { TransportError } from '../transport/transport-error.ts'

/** Before version 4 Kafka does not accept −1 for its defaults. */
const CREATE_TOPICS = { ...createTopics, min: 4, max: 6 }
/** From version 6 on another field names the topics, by name or id. */
const DELETE_TOPICS = { ...deleteTopics, min: 1, max: 5 }
const DESCRIBE_CONFIGS = { ...describeConfigs, min: 1, max: 4 }
const TOPIC_RESOURCE = 2
/** Stands for the cluster's default. */
const DEFAULT = -1

export interface TopicAnswer {
  readonly errorCode: number
  /** Kafka's own message. */
  readonly reason: string | null
}

export async function askCreateTopic(
  channel: BrokerChannel,
  name: string,
  spec: TopicSpec,
  timeoutMs: number
): Promise<TopicAnswer> {
  const topic = {
    name,
    numPartitions: spec.partitionCount ?? DEFAULT,
    replicationFactor: spec.replicationFactor ?? DEFAULT,
    assignments: [],
    configs: Array.from(spec.properties, ([key, value]) => ({ name: key, value }))
  }
  const { topics } = await exchange(channel, CREATE_TOPICS, { topics: [topic], timeoutMs })
  return onlyAnswer(channel, topics)
}

export async function askDeleteTopic(channel: BrokerChannel, name: string, timeoutMs: number): Promise<TopicAnswer> {
  const { responses } = await exchange(channel, DELETE_TOPICS, { topicNames: [name], timeoutMs })
  return onlyAnswer(channel, responses)
}

function onlyAnswer(
  { endpoint }: BrokerChannel,
  answers: readonly { readonly errorCode: number; readonly errorMessage: string | null }[]
): TopicAnswer {
  if (answers.length !== 1)
    throw new TransportError(`Broker ${endpoint.address} answered about ${answers.length} topics instead of one`, true)
  const [{ errorCode, errorMessage }] = answers
  return { errorCode, reason: errorMessage }
}

/** Returns one property of each topic, as the brokers apply it. Leaves out topics for which Kafka does not return it. */
export async function askTopicProperty(
  channel: BrokerChannel,
  names: readonly string[],
  property: string
): Promise<Map<string, string>> {
  const { results } = await exchange(channel, DESCRIBE_CONFIGS, {
    resources: names.map(name => ({
      resourceType: TOPIC_RESOURCE,
      resourceName: name,
      configurationKeys: [property]
    }))
  })
  const values = new Map<string, string>()
  for (const { errorCode, resourceName, configs } of results) {
    const value = configs.find(({ name }) => name === property)?.value ?? null
    if (errorCode === 0 && value !== null) values.set(resourceName, value)
  }
  return values
}

export interface TopicConfigsAnswer extends TopicAnswer {
  readonly configs: ReadonlyMap<string, string | null>
}

/** Asks for all properties of one topic, as the brokers apply them. */
export async function askTopicConfigs(channel: BrokerChannel, name: string): Promise<TopicConfigsAnswer> {
  const { results } = await exchange(channel, DESCRIBE_CONFIGS, {
    resources: [{ resourceType: TOPIC_RESOURCE, resourceName: name, configurationKeys: null }]
  })
  const { errorCode, reason } = onlyAnswer(channel, results)
  return { errorCode, reason, configs: new Map(results[0].configs.map(config => [config.name, config.value])) }
}
