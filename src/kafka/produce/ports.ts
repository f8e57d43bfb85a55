import type { Deadline } from '../../core/deadline.ts'
import type { Meter } from '../../core/meter.ts'
import type { LeaderHint } from '../metadata/leader-hints.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import type { ProducerSession } from './producer-sessions.ts'

/** One connection of the produce lane to one broker; reconnects by itself. */
export type ProduceChannel = Pick<BrokerChannel, 'version' | 'versionNow' | 'send' | 'throttled'>

/** What the accumulator needs of the rest of the Kafka side. */
export interface ProducePorts {
  /** Throws if the broker is not known. */
  channel(brokerId: number, index: number): ProduceChannel
  /** Cached metadata; undefined if there is none. */
  peek(topic: string): TopicMetadata | undefined
  /** Asks Kafka now (merged, rate-limited); null once two brokers do not know the topic. */
  refresh(topic: string, deadline: Deadline): Promise<TopicMetadata | null>
  /** Takes up leaders that a broker has named; true if another broker than that one leads them now. */
  learnLeaders(topic: string, hint: LeaderHint): boolean
  /** The topic's `max.message.bytes`. */
  maxMessageBytes(topic: string): number
  initProducerId(): Promise<ProducerSession>
  readonly meter: Pick<Meter, 'batched' | 'retried'>
  /** Called whenever a topic changes; null when it is gone. */
  onTopicChange(listener: (topic: string, metadata: TopicMetadata | null) => void): void
}
