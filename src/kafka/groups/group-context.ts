import type { Log } from '../../core/log.ts'
import type { MetadataCache } from '../metadata/metadata-cache.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import type { Coordinators } from './coordinators.ts'
import type { JoinConnections } from './join-connections.ts'

/** What everything in this folder needs of the rest of the Kafka side. */
export interface GroupContext {
  readonly coordinators: Coordinators
  readonly joins: JoinConnections
  readonly metadata: Pick<MetadataCache, 'peek' | 'topic' | 'refresh'>
  readonly log: Log
  /** The connection for commits and questions about the group. Throws a TransportError if the broker is not known. */
  groupChannel(brokerId: number, group: string): BrokerChannel
  heartbeatChannel(brokerId: number): BrokerChannel
}
