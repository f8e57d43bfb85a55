import { Deadline } from '../../core/deadline.ts'
import { within } from '../../core/lib/within.ts'
import { KafkaFailure } from '../kafka-failure.ts'
import type { BrokerChannel } from './broker-channel.ts'
import type { Brokers } from './brokers.ts'
import { ThrottledError, TransportError } from './transport-error.ts'
import { refusedCredentials, unreachable } from './unavailable.ts'
import { untilDeadline } from './until-deadline.ts'

const RETRY_PAUSE_MS = 100
/** A broker that does not answer for so long is passed over for another (it may be frozen); doubled each round. */
const PATIENCE_MS = 1000

export type Ask<T> = (channel: BrokerChannel) => Promise<T>

/**
 * Requests that any broker can answer. No single broker, frozen or starting, can keep the answer from the caller. A broker that
 * is late may answer after all: while brokers are slow, asking each of them again would only make them slower.
 */
export class AnyBroker {
  readonly #brokers: Brokers

  constructor(brokers: Brokers) {
    this.#brokers = brokers
  }

  /** Asks brokers one after the other until one answers. Rejects with an `unreachable` KafkaFailure at the deadline. */
  async ask<T extends object>(deadline: Deadline, ask: Ask<T>): Promise<T> {
    let cause: unknown
    let patienceMs = PATIENCE_MS
    const first = Promise.withResolvers<T>()
    const asking = (channel: BrokerChannel) => {
      const asked = ask(channel)
      asked.then(first.resolve, () => undefined)
      return asked
    }
    const answer = await untilDeadline(deadline, { firstMs: RETRY_PAUSE_MS }, async () => {
      let throttled: ThrottledError | undefined
      for (const channel of this.#brokers.anyChannels()) {
        if (deadline.passed) break
        try {
          return await Promise.race([first.promise, this.askOne(channel, deadline, asking, patienceMs)])
        } catch (error) {
          if (error instanceof KafkaFailure) throw error
          if (error instanceof ThrottledError && !(throttled !== undefined && throttled.waitMs < error.waitMs))
            throttled = error
          // Prefer a broker's own error to the last attempt's time-out: it tells the caller more.
          if (cause === undefined || !(error instanceof LateError)) cause = error
        }
      }
      if (this.#brokers.closed) throw unreachable(cause)
      patienceMs *= 2
      const { refusing } = this.#brokers
      if (refusing !== undefined) throw refusedCredentials(this.#brokers.ownerText, cause, refusing.refusedForMs)
      if (throttled !== undefined) throw throttled
      return undefined
    })
    if (answer === undefined) throw unreachable(cause)
    return answer
  }

  /** Asks this broker, with patience. Rejects with what `ask` rejects with, or a TransportError. */
  askOne<T>(channel: BrokerChannel, deadline: Deadline, ask: Ask<T>, patienceMs = PATIENCE_MS): Promise<T> {
    return within(Deadline.after(Math.min(patienceMs, deadline.remainingMs)), ask(channel), () => {
      channel.avoid()
      return new LateError(`Broker ${channel.endpoint.address} did not answer in time`, true)
    })
  }
}

class LateError extends TransportError {}
