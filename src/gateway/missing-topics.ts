import { GatewayError } from '../core/errors.ts'
import { SingleFlight } from '../core/lib/single-flight.ts'
import type { Call } from '../core/principal.ts'
import type { TopicSpec } from '../core/topic-spec.ts'
import { callerError } from './kafka-failures.ts'
import type { Topics } from './topics.ts'

const CLUSTER_DEFAULTS: TopicSpec = { partitionCount: null, replicationFactor: null, properties: new Map() }

/** Creates topics that records are sent to before they exist. */
export class MissingTopics {
  readonly #topics: Pick<Topics, 'create'>
  /** Requests for the same topic share one creation. */
  readonly #creating = new SingleFlight<void>()

  constructor(topics: Pick<Topics, 'create'>) {
    this.#topics = topics
  }

  /** Creates a topic with the cluster's defaults. Resolves also if somebody else was faster. Rejects with Kafka's refusal. */
  create(call: Call, topic: string): Promise<void> {
    return this.#creating.of(topic, () => this.#create(call, topic))
  }

  async #create(call: Call, topic: string): Promise<void> {
    try {
      await this.#topics.create(call, topic, CLUSTER_DEFAULTS)
    } catch (thrown) {
      const error = callerError(thrown)
      const isThere =
        error instanceof GatewayError && (error.code === 'TOPIC_EXISTS' || error.code === 'NOT_YET_VISIBLE')
      if (!isThere) throw error
    }
  }
}
