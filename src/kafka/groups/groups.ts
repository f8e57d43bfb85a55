import { Deadline } from '../../core/deadline.ts'
import { SharedAnswers } from '../../core/lib/shared-answers.ts'
import { within } from '../../core/lib/within.ts'
import type { Log } from '../../core/log.ts'
import type { MetadataCache } from '../metadata/metadata-cache.ts'
import type { AnyBroker } from '../transport/any-broker.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import type { Brokers } from '../transport/brokers.ts'
import { TransportError } from '../transport/transport-error.ts'
import { unavailable } from '../transport/unavailable.ts'
import type { TopicPartitions } from './consumer-protocol.ts'
import { type CoordinatorAnswer, Coordinators } from './coordinators.ts'
import { eventOf } from './decide.ts'
import { askGroup, askRebalancing, type GroupDescription } from './describe-messages.ts'
import type { GroupContext } from './group-context.ts'
import { groupFailure, notConfirmed } from './group-failure.ts'
import type { GroupMember } from './group-member.ts'
import { HeartbeatWheel } from './heartbeat-wheel.ts'
import { HeldGroup } from './held-group.ts'
import { JoinConnections } from './join-connections.ts'
import { askLeave, type MemberOfGeneration } from './membership-messages.ts'
import type { MemberOptions } from './membership.ts'
import { askCommit, askCommitted, type Commit, type Committed, type PartitionMap } from './offset-messages.ts'

export interface GroupsOptions {
  /** Connections for JoinGroup and SyncGroup to one broker; so many members of one group are held at most. */
  readonly joinConnections: number
}

/** Connections for commits and questions about groups to one broker; those of one group share one, so they stay in order. */
const GROUP_CONNECTIONS = 4
/** Of a description that several wait for, each until its own deadline. */
const DESCRIBE_LIMIT_MS = 30_000
const FETCH = 1
/** Of Kafka 2.7, the first that writes a takeover down (KAFKA-10284). */
const FETCH_OF_2_7 = 12

/** Consumer groups: questions and changes from outside, and the members that this process holds. */
export class Groups {
  readonly #brokers: Brokers
  readonly #context: GroupContext
  readonly #coordinators: Coordinators
  readonly #limit: number
  readonly #wheel = new HeartbeatWheel()
  readonly #held = new Map<string, HeldGroup>()
  readonly #descriptions = new SharedAnswers<GroupDescription>()
  #closed = false

  constructor(brokers: Brokers, anyBroker: AnyBroker, metadata: MetadataCache, log: Log, options: GroupsOptions) {
    this.#brokers = brokers
    this.#limit = options.joinConnections
    this.#coordinators = new Coordinators(brokers, anyBroker, metadata)
    this.#context = {
      coordinators: this.#coordinators,
      joins: new JoinConnections(brokers, options.joinConnections),
      metadata,
      log,
      groupChannel: (brokerId, group) => brokers.channel(brokerId, 'group', connectionOf(group)),
      heartbeatChannel: brokerId => brokers.channel(brokerId, 'heartbeat')
    }
  }

  /** The members of a group that this process holds. */
  held(group: string): readonly GroupMember[] {
    return this.#held.get(group)?.members ?? []
  }

  /**
   * `listener` is called whenever the coordinator of a group has moved, perhaps more than once. Before Kafka 2.7 what the
   * gateway remembers of positions may be a former holder's then: see {@link takeoversLast}.
   */
  onCoordinatorMoved(listener: (group: string) => void): void {
    this.#coordinators.onMoved(listener)
  }

  /** Makes a member, which has not joined yet. Throws a GroupFailure: `tooManyMembers`, or `other` once this is closed. */
  member(options: MemberOptions): GroupMember {
    const { group } = options
    if (this.#closed) throw notConfirmed(group)
    let held = this.#held.get(group)
    if (held === undefined) {
      const made = new HeldGroup(this.#context, this.#wheel, this.#limit, () => {
        if (this.#held.get(group) === made) this.#held.delete(group)
      })
      this.#held.set(group, (held = made))
    }
    return held.add(options)
  }

  /** Describes a group as its coordinator sees it now. Throws a GroupFailure if Kafka refuses, an `unreachable` KafkaFailure at the deadline. */
  async describe(group: string, deadline: Deadline): Promise<GroupDescription> {
    // Those who make a hundred members at once all look for theirs: the coordinator is asked for one after the other.
    const asked = this.#descriptions.of(group, () =>
      this.#ask(group, Deadline.after(DESCRIBE_LIMIT_MS), channel => askGroup(channel, group))
    )
    const described = await within(deadline, asked, () =>
      unavailable("The group's coordinator did not answer in time.", 'no description of the group')
    )
    if (described.errorCode !== 0) throw groupFailure(group, described.errorCode, described.reason)
    return described
  }

  /**
   * Names groups that wait for members to join: those of the whole cluster, as far as its brokers answer in time. Before
   * Kafka 2.6 only those in which a member of this process waits.
   */
  async rebalancing(deadline: Deadline): Promise<ReadonlySet<string>> {
    const waiting = [...this.#held].filter(([, { members }]) => members.some(({ state }) => state === 'joining'))
    const listed = await Promise.allSettled(
      Array.from(this.#brokers.nodes.keys(), async id =>
        within(deadline, askRebalancing(this.#brokers.channel(id, 'heartbeat')), late)
      )
    )
    const others = listed.flatMap(told => (told.status === 'fulfilled' ? told.value : []))
    return new Set([...waiting.map(([group]) => group), ...others])
  }

  /**
   * Returns what the group committed for these partitions, or for all if null: an error code in place of what Kafka does not
   * tell. Waits for open transactions that may change it. Throws as {@link describe} does.
   */
  async committed(
    group: string,
    partitions: TopicPartitions | null,
    deadline: Deadline
  ): Promise<PartitionMap<Committed | number>> {
    const { errorCode, offsets } = await this.#ask(group, deadline, channel => askCommitted(channel, group, partitions))
    if (errorCode !== 0) throw groupFailure(group, errorCode)
    return offsets
  }

  /** Commits as a member that this process does not hold yet, or as none for a group without any. Returns an error code for each partition. */
  async commit(
    group: string,
    commits: ReadonlyMap<string, readonly Commit[]>,
    deadline: Deadline,
    member: MemberOfGeneration | null = null
  ): Promise<PartitionMap<number>> {
    return (await this.#ask(group, deadline, channel => askCommit(channel, group, member, commits))).results
  }

  /** Removes a static member, whoever holds it. False if there is none. Throws as {@link describe} does. */
  async remove(group: string, instanceId: string, deadline: Deadline): Promise<boolean> {
    const member = { group, memberId: '', instanceId }
    const { errorCode } = await this.#ask(group, deadline, channel => askLeave(channel, member))
    if (errorCode === 0) return true
    if (eventOf(errorCode, false) === 'unknown') return false
    throw groupFailure(group, errorCode)
  }

  /**
   * Whether takeovers in this group outlive a move of its coordinator. Before Kafka 2.7 the holder that was fenced is valid
   * again after one.
   */
  async takeoversLast(group: string, deadline: Deadline): Promise<boolean> {
    const { lasts } = await this.#ask(group, deadline, async channel => {
      await channel.connect()
      return { errorCode: 0, lasts: channel.versionNow(FETCH, FETCH_OF_2_7, FETCH_OF_2_7) >= 0 }
    })
    return lasts
  }

  /** Lets go of all members without leaving: see {@link GroupMember.handOver} for a stop that keeps them alive for longer. */
  close(): void {
    this.#closed = true
    this.#wheel.close()
    for (const { members } of this.#held.values()) for (const member of members.slice()) member.abandon()
  }

  #ask<Answer extends CoordinatorAnswer>(
    group: string,
    deadline: Deadline,
    call: (channel: BrokerChannel) => Promise<Answer>
  ): Promise<Answer> {
    return this.#coordinators.ask(group, deadline, brokerId => this.#context.groupChannel(brokerId, group), call)
  }
}

function late(): TransportError {
  return new TransportError('not in time', true)
}

/** The same one for a group each time. */
function connectionOf(group: string): number {
  let hash = 0
  for (let at = 0; at < group.length; at++) hash = (Math.imul(hash, 31) + group.charCodeAt(at)) | 0
  return (hash >>> 0) % GROUP_CONNECTIONS
}
