import type { Deadline } from '../../core/deadline.ts'
import type { Reader } from './await-leader.ts'
import { BrokerReads, type ReadMode, type ReadResult } from './broker-reads.ts'
import type { FetchPartition } from './fetch-message.ts'
import type { FetchBrokers } from './ports.ts'

export const SHARED: ReadMode = { dedicated: false, waitMs: 0, minBytes: 0 }
export const DEDICATED: ReadMode = { dedicated: true, waitMs: 0, minBytes: 0 }
/** Looks a second time at what may be a gap: if records are there, the broker has them by then. */
export const SECOND_LOOK: ReadMode = { dedicated: true, waitMs: 100, minBytes: 1 }
/** Before Kafka 3.8 this limits how long a remote read may take; later a setting of the broker does (KIP-1018). */
export const REMOTE: ReadMode = { dedicated: true, waitMs: 5000, minBytes: 0 }

/** Opened one by one, as slow reads come together. */
const PATIENT_CONNECTIONS = 8

/**
 * Reads from all brokers. Those for which the broker may wait have connections of their own, because it answers a
 * request whole and one after the other: a slow read would hold up every other read of that broker.
 */
export class LeaderReads {
  readonly #brokers: FetchBrokers
  readonly #connectionsPerBroker: number
  readonly #prompt = new Map<number, BrokerReads>()
  readonly #patient = new Map<number, BrokerReads>()

  constructor(brokers: FetchBrokers, connectionsPerBroker: number) {
    this.#brokers = brokers
    this.#connectionsPerBroker = connectionsPerBroker
  }

  /** See {@link BrokerReads.read}. */
  read(broker: number, wanted: FetchPartition, mode: ReadMode, deadline: Deadline, reader: Reader<ReadResult>): void {
    const reads = mode.waitMs > 0 ? this.#patientReads(broker) : this.#promptReads(broker)
    reads.read(wanted, mode, deadline, reader)
  }

  #promptReads(broker: number): BrokerReads {
    return this.#prompt.get(broker) ?? this.#begin(this.#prompt, broker, 0, this.#connectionsPerBroker)
  }

  #patientReads(broker: number): BrokerReads {
    return (
      this.#patient.get(broker) ?? this.#begin(this.#patient, broker, this.#connectionsPerBroker, PATIENT_CONNECTIONS)
    )
  }

  #begin(all: Map<number, BrokerReads>, broker: number, first: number, count: number): BrokerReads {
    const channels = () =>
      Array.from({ length: count }, (_, index) => this.#brokers.channel(broker, 'fetch', first + index))
    const reads = new BrokerReads(channels)
    all.set(broker, reads)
    return reads
  }
}
