import type { KafkaConfig } from '../../config/schema.ts'
import { Deadline } from '../../core/deadline.ts'
import type { KafkaIdentity } from '../../core/kafka-identity.ts'
import type { Log } from '../../core/log.ts'
import { configuredIdentity } from '../../kafka/configured-identity.ts'
import { KafkaFailure } from '../../kafka/kafka-failure.ts'
import { askMetadata, type MetadataAnswer } from '../../kafka/metadata/metadata-message.ts'
import { askProducerId } from '../../kafka/produce/init-producer-id.ts'
import { AnyBroker } from '../../kafka/transport/any-broker.ts'
import type { BrokerChannel } from '../../kafka/transport/broker-channel.ts'
import { Brokers } from '../../kafka/transport/brokers.ts'
import { TransportError } from '../../kafka/transport/transport-error.ts'
import { count } from '../count.ts'
import { tryCredentials } from './as-callers.ts'
import { Introduction } from './introduction.ts'
import { kafkaVersion } from './kafka-version.ts'
import { isUnreached } from './reasons.ts'
import type { Report } from './report.ts'

const NEEDED_TO_WRITE = '. From Kafka 2.8 on Write on any topic is enough'
/** No API has more. */
const ANY_VERSION = 32_767

/** Connects to the cluster as the gateway would, step by step. Changes nothing but that Kafka hands out one producer id. */
export const tryKafka = async (config: KafkaConfig, report: Report, log: Log): Promise<void> => {
  const identity = configuredIdentity(config)
  const brokers = new Brokers(config, identity, log)
  try {
    const trial = new Trial(config, identity, report, brokers)
    await (config.identity === 'caller' ? trial.runAsCallers() : trial.run())
  } finally {
    await brokers.close()
  }
}

/** A bootstrap address that answered. */
interface Answered {
  readonly channel: BrokerChannel
  readonly metadata: MetadataAnswer
}

class Trial {
  readonly #config: KafkaConfig
  readonly #identity: KafkaIdentity
  readonly #report: Report
  readonly #brokers: Brokers

  constructor(config: KafkaConfig, identity: KafkaIdentity, report: Report, brokers: Brokers) {
    this.#config = config
    this.#identity = identity
    this.#report = report
    this.#brokers = brokers
  }

  async run(): Promise<void> {
    const answered = await this.#bootstrap()
    if (answered === undefined) return
    const { channel, metadata } = answered
    this.#brokers.update(metadata.brokers, channel.endpoint.address)
    const ids = [...metadata.brokers.keys()].toSorted((one, other) => one - other)
    // At the same time, because each may take as long as a connection may; told in the order of the ids.
    for (const tell of await Promise.all(ids.map(id => this.#advertised(id)))) tell()
    await this.#write()
  }

  /** The gateway does nothing in Kafka as itself then, and without `kafka.sasl` may ask for versions only. */
  async runAsCallers(): Promise<void> {
    for (const { endpoint } of this.#brokers.anyChannels())
      await new Introduction(this.#config, this.#identity, endpoint, this.#report).run()
    await tryCredentials(this.#config, this.#identity, this.#report)
  }

  /** Tries each bootstrap address, and returns the first that answered. */
  async #bootstrap(): Promise<Answered | undefined> {
    let first: Answered | undefined
    for (const channel of this.#brokers.anyChannels()) {
      const introduction = new Introduction(this.#config, this.#identity, channel.endpoint, this.#report)
      const outcome = await introduction.run()
      // Tried again at the next address, a wrong password might lock the account.
      if (outcome === 'refused') return first
      if (outcome === 'failed') continue
      const metadata = await this.#metadata(channel, first)
      if (metadata !== undefined) first ??= { channel, metadata }
    }
    return first
  }

  async #metadata(channel: BrokerChannel, first: Answered | undefined): Promise<MetadataAnswer | undefined> {
    const { address } = channel.endpoint
    try {
      const metadata = await askMetadata(channel, [])
      const { clusterId, brokers } = metadata
      if (first !== undefined && first.metadata.clusterId !== clusterId)
        this.#report.fail(
          `${address}: it belongs to cluster ${clusterId}, but ${first.channel.endpoint.address} to cluster ${first.metadata.clusterId}`
        )
      else this.#report.ok(`${address}: it belongs to cluster ${clusterId}, which has ${count(brokers.size, 'broker')}`)
      return metadata
    } catch (error) {
      const doubt = this.#config.sasl === undefined ? '; if the listener wants SASL, set kafka.sasl' : ''
      this.#report.fail(`${address}: it does not tell its cluster`, error, { advice: doubt })
      return undefined
    }
  }

  /** Tries the address that a broker advertises. Returns what writes the line. */
  async #advertised(id: number): Promise<() => void> {
    const channel = this.#brokers.channel(id, 'control')
    const { address, source } = channel.endpoint
    const step = `broker ${id} at ${address}`
    try {
      await channel.connect()
      const version = kafkaVersion(apiKey => channel.versionNow(apiKey, 0, ANY_VERSION))
      return () => this.#report.ok(`${step}, its advertised address: connected; it speaks ${version}`)
    } catch (error) {
      const cause = error instanceof TransportError ? error.cause : error
      const check = isUnreached(cause) ? '. Check advertised.listeners of the broker' : ''
      return () => this.#report.fail(`${step} (from ${source})`, cause, { advice: check })
    }
  }

  /** Asks for a producer id, as the gateway does before it writes. */
  async #write(): Promise<void> {
    const deadline = Deadline.after(this.#config.requestTimeoutMs)
    const step = 'Kafka gives no producer id'
    try {
      await new AnyBroker(this.#brokers).ask(deadline, askProducerId)
      this.#report.ok('Kafka gives a producer id: the gateway may write')
    } catch (error) {
      const cause = error instanceof KafkaFailure ? new Error(error.detail) : error
      if (error instanceof KafkaFailure && error.kind === 'refused')
        this.#report.warn(`${step}, so every write is refused`, cause, { advice: NEEDED_TO_WRITE })
      else this.#report.fail(step, cause)
    }
  }
}
