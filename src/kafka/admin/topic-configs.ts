import type { Deadline } from '../../core/deadline.ts'
import { kafkaErrorName } from '../kafka-errors.ts'
import { failureKind, KafkaFailure } from '../kafka-failure.ts'
import type { AnyBroker } from '../transport/any-broker.ts'
import { askTopicConfigs } from './topic-messages.ts'

/** The properties of topics, as Kafka tells them now. */
export class TopicConfigs {
  readonly #anyBroker: AnyBroker

  constructor(anyBroker: AnyBroker) {
    this.#anyBroker = anyBroker
  }

  /**
   * Returns all properties of a topic, defaults included, by name; null for one whose value Kafka keeps to itself. Throws a
   * KafkaFailure, `unknownTopic` if there is no such topic.
   */
  of(topic: string, deadline: Deadline): Promise<ReadonlyMap<string, string | null>> {
    return this.#anyBroker.ask(deadline, async channel => {
      const { errorCode, reason, configs } = await askTopicConfigs(channel, topic)
      if (errorCode !== 0) throw refusal(topic, errorCode, reason)
      return configs
    })
  }
}

function refusal(topic: string, errorCode: number, reason: string | null): KafkaFailure {
  const kind = failureKind(errorCode)
  const options = {
    kafkaCode: errorCode,
    detail: `DescribeConfigs of topic ${topic}: ${kafkaErrorName(errorCode)}: ${reason}`
  }
  if (kind === 'unknownTopic') return new KafkaFailure(kind, `Topic '${topic}' does not exist.`, options)
  if (kind === 'refused')
    return new KafkaFailure(kind, `Kafka does not permit describing the configuration of topic '${topic}'.`, options)
  return new KafkaFailure(kind, `Kafka does not tell the configuration of topic '${topic}'.`, options)
}
