import { performance } from 'node:perf_hooks'
import { Deadline } from '../../core/deadline.ts'
import { REBALANCE_IN_PROGRESS } from '../kafka-errors.ts'
import { causeText } from '../transport/transport-error.ts'
import { eventOf, type MemberState } from './decide.ts'
import { askGroup, assignedCounts } from './describe-messages.ts'
import type { GroupContext } from './group-context.ts'
import { groupFailure } from './group-failure.ts'
import type { WheelTask } from './heartbeat-wheel.ts'
import { hasChanged } from './lead.ts'
import { askHeartbeat, askLeave, type MemberOfGeneration } from './membership-messages.ts'
import {
  type MemberAssignment,
  type MemberOptions,
  Membership,
  type MembershipHolder,
  type MemberSubscription
} from './membership.ts'
import { askCommit, type Commit, type PartitionMap } from './offset-messages.ts'

/** What a member needs of the group that this process holds it in. */
export interface HoldingGroup {
  readonly members: readonly GroupMember[]
  /** The generation has ended: the other members that are still in it join as well. */
  rebalancing(generation: number): void
  /** A member begins to join: that may end the generation of the others. */
  joins(): void
  ended(member: GroupMember): void
}

const HEARTBEAT_LIMIT_MS = 5000
const LEAVE_LIMIT_MS = 10_000
const TROUBLED_BEAT_MS = 1000
/** Of the session, after which a heartbeat is sent. */
const BEAT_AFTER = 1 / 3

/** One member of a classic consumer group. It joins again by itself, until its owner lets go of it or Kafka ends it. */
export class GroupMember implements WheelTask, MembershipHolder {
  readonly group: string
  readonly instanceId: string | null
  readonly #context: GroupContext
  readonly #holder: HoldingGroup
  readonly #membership: Membership
  #beating = false

  /** Made by {@link Groups.member}. */
  constructor(context: GroupContext, holder: HoldingGroup, options: MemberOptions) {
    this.group = options.group
    this.instanceId = options.instanceId
    this.#context = context
    this.#holder = holder
    this.#membership = new Membership(context, options, this)
  }

  get knownMembers(): number {
    return this.#holder.members.filter(({ memberId }) => memberId !== '').length
  }

  /** Of the membership. */
  onJoining(): void {
    this.#holder.joins()
  }

  /** Of the membership. */
  onOver(): void {
    this.#holder.ended(this)
  }

  /** Of the membership. */
  onJoinedAfterAll(member: MemberOfGeneration): void {
    void this.#leaveAs(member, Deadline.after(LEAVE_LIMIT_MS)).catch(() => undefined)
  }

  get state(): MemberState {
    return this.#membership.state
  }

  /** Empty before the coordinator has given one. */
  get memberId(): string {
    return this.#membership.identity.memberId
  }

  get generation(): number {
    return this.#membership.identity.generation
  }

  /** Null unless it is stable. */
  get assignment(): MemberAssignment | null {
    return this.#membership.assignment
  }

  get leads(): boolean {
    return this.#membership.leads
  }

  /** For how long it has been joining; 0 unless it is. */
  get joiningForMs(): number {
    return this.#membership.joiningForMs
  }

  /** How long ago the coordinator confirmed that this process holds the member, by an assignment, a heartbeat or a commit. */
  get confirmedAgoMs(): number {
    return performance.now() - this.#membership.confirmedAtMs
  }

  /** Joins in the background: see {@link settled}, and the hooks. */
  join(): void {
    this.#membership.take('start')
  }

  /** Changes what it subscribes to under its known member id, which rebalances the group unless nothing differs. */
  resubscribe(subscription: MemberSubscription): void {
    this.#membership.resubscribe(subscription)
  }

  /** Resolves when it is stable; with null at the deadline. Rejects with a GroupFailure once it has ended. */
  settled(deadline: Deadline): Promise<MemberAssignment | null> {
    return this.#membership.settled(deadline)
  }

  /**
   * Commits as this member. Returns an error code for each partition, 0 if it is committed. Rejects with a GroupFailure,
   * and nothing is committed, if the member is fenced or unknown, which ends it, or if it has to join again, which it does.
   * `isStillTrue` is asked before each attempt; false ends in `rebalancing` as well.
   */
  async commit(
    commits: ReadonlyMap<string, readonly Commit[]>,
    deadline: Deadline,
    isStillTrue: () => boolean = () => true
  ): Promise<PartitionMap<number>> {
    const member = this.#named()
    const channelOf = (brokerId: number) => this.#context.groupChannel(brokerId, this.group)
    const { errorCode, results } = await this.#context.coordinators.ask(this.group, deadline, channelOf, channel => {
      if (!isStillTrue()) throw groupFailure(this.group, REBALANCE_IN_PROGRESS)
      return askCommit(channel, this.group, member, commits)
    })
    // An error that all partitions have in common may be one of the partitions.
    if (eventOf(errorCode, false) !== 'refused') this.#hear(member, errorCode)
    return results
  }

  /** Asks the coordinator whether this process still holds the member. Rejects as {@link commit} does. */
  async heartbeat(deadline: Deadline): Promise<void> {
    const member = this.#named()
    const channelOf = (brokerId: number) => this.#context.heartbeatChannel(brokerId)
    const { errorCode } = await this.#context.coordinators.ask(this.group, deadline, channelOf, channel =>
      askHeartbeat(channel, member)
    )
    this.#hear(member, errorCode)
  }

  /** Leaves the group. False if another process holds the member by now: there it stays. */
  async leave(deadline: Deadline): Promise<boolean> {
    const member = this.#membership.identity
    this.#membership.abandon(true)
    return this.#leaveAs(member, deadline)
  }

  /** Lets go of the member without leaving: it stays in the group until its session ends or another process takes it over. */
  abandon(): void {
    this.#membership.abandon(false)
  }

  /**
   * Takes the member over from itself with another session time-out, for which it then lives on, and abandons it. Brokers
   * before 3.4 keep the first time-out. Only abandons it unless it is stable; so it does at the deadline. Rejects as
   * {@link commit} does if another process has taken it over: there it stays.
   */
  async handOver(sessionTimeoutMs: number, deadline: Deadline): Promise<void> {
    if (this.state !== 'stable') return this.abandon()
    await this.heartbeat(deadline)
    try {
      this.#membership.replace(sessionTimeoutMs)
      // Kafka 4 counts the new time-out from the next heartbeat on.
      if ((await this.settled(deadline)) !== null) await this.heartbeat(deadline)
    } finally {
      this.abandon()
    }
  }

  /** Of the wheel: sends a heartbeat when a third of the session has passed without word from the coordinator. */
  due(): number | null {
    if (this.state === 'ended') return null
    const pauseMs = this.#membership.sessionTimeoutMs * BEAT_AFTER
    if (this.state !== 'stable') return pauseMs
    const leftMs = pauseMs - this.confirmedAgoMs
    if (leftMs > 0) return leftMs
    this.beat()
    return Math.min(pauseMs, TROUBLED_BEAT_MS)
  }

  /** Sends a heartbeat unless one is under way. The member itself takes up what it hears. */
  beat(): void {
    if (this.#beating || this.state !== 'stable') return
    this.#beating = true
    void this.heartbeat(Deadline.after(HEARTBEAT_LIMIT_MS))
      .catch((error: unknown) => this.#context.log.debug(this.#fields(error), 'A heartbeat was not taken'))
      .finally(() => (this.#beating = false))
  }

  /** As the leader it rebalances the group when partitions of its topics have come or gone. */
  async watch(): Promise<void> {
    const membership = this.#membership
    const { generation } = this
    if (!this.leads || this.state !== 'stable') return
    try {
      membership.counts ??= await this.#assignedCounts()
      if (membership.counts === null || !(await hasChanged(this.#context, membership.counts))) return
      if (this.generation === generation) membership.take('changed')
    } catch (error) {
      this.#context.log.debug(this.#fields(error), 'The topics of a group could not be watched')
    }
  }

  /** Another member of this generation was told that it has ended. */
  rebalance(generation: number): void {
    if (this.generation <= generation && this.state === 'stable') this.#membership.take('rebalancing')
  }

  /** After it took a leader over it does not know what that assigned, but the group does. Null while it does not tell. */
  async #assignedCounts(): Promise<ReadonlyMap<string, number> | null> {
    const channelOf = (brokerId: number) => this.#context.groupChannel(brokerId, this.group)
    const deadline = Deadline.after(HEARTBEAT_LIMIT_MS)
    const described = await this.#context.coordinators.ask(this.group, deadline, channelOf, channel =>
      askGroup(channel, this.group)
    )
    return described.state === 'Stable' ? assignedCounts(described.members) : null
  }

  /** Takes up what the coordinator answered to a request of `asked`, which may be another member or generation by now. */
  #hear(asked: MemberOfGeneration, errorCode: number): void {
    const { memberId, generation } = this
    const isSame = asked.memberId === memberId && asked.generation === generation
    if (errorCode === 0) {
      if (isSame) this.#membership.confirmedAtMs = performance.now()
      return
    }
    const event = eventOf(errorCode, false)
    const failure = groupFailure(this.group, errorCode)
    if (event === 'refused') throw failure
    if (event === 'fenced' ? asked.memberId === memberId : isSame && this.state === 'stable') {
      this.#membership.take(event, failure)
      if (event === 'rebalancing' || event === 'passed') this.#holder.rebalancing(generation)
    }
    throw failure
  }

  /** Throws a `rebalancing` GroupFailure while the coordinator has yet to give it a member id. */
  #named(): MemberOfGeneration {
    const { identity } = this.#membership
    if (identity.memberId === '') throw groupFailure(this.group, REBALANCE_IN_PROGRESS)
    return identity
  }

  async #leaveAs(member: MemberOfGeneration, deadline: Deadline): Promise<boolean> {
    const channelOf = (brokerId: number) => this.#context.groupChannel(brokerId, this.group)
    const { errorCode } = await this.#context.coordinators.ask(this.group, deadline, channelOf, channel =>
      askLeave(channel, member)
    )
    return eventOf(errorCode, false) !== 'fenced'
  }

  #fields(error: unknown): object {
    return { group: this.group, memberId: this.memberId, cause: causeText(error) }
  }
}
