import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../core/deadline.ts'
import { growingPauseMs, scattered } from '../../core/lib/growing-pause.ts'
import { within } from '../../core/lib/within.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import { encodeSubscription, type TopicPartitions } from './consumer-protocol.ts'
import { decide, isJoining, type MemberAction, type MemberEvent, type MemberState, stateAfter } from './decide.ts'
import type { GroupContext } from './group-context.ts'
import { type GroupFailure, notConfirmed } from './group-failure.ts'
import type { MemberOfGeneration } from './membership-messages.ts'
import { Rebalance } from './rebalance.ts'

/** Kept as long as the member, and read for each JoinGroup. */
export interface MemberSubscription {
  readonly topics: readonly string[]
  /** Travels with the subscription; nothing here looks into it. */
  readonly userData: Buffer
}

export interface MemberAssignment {
  readonly memberId: string
  readonly generation: number
  readonly partitions: TopicPartitions
}

/** What a member tells its owner. None of them may throw. */
export interface MemberHooks {
  /** It is in the group, with these partitions: perhaps the same as before, in a new generation. */
  onAssigned(assignment: MemberAssignment): void
  /**
   * A rebalance begins: nothing may be delivered until {@link onAssigned}. What was delivered can still be committed under
   * the old generation until the promise settles, for at most 3 s. Also called if that generation ends before it was assigned.
   */
  onRevoked(): void | Promise<void>
  /** It is over: taken over (`fenced`), expired or removed (`unknownMember`), or refused. Nothing follows. */
  onEnded(failure: GroupFailure): void
}

export interface MemberOptions {
  readonly group: string
  /** `group.instance.id`. If the group has such a member already, joining takes it over. Null joins as a dynamic member. */
  readonly instanceId: string | null
  readonly subscription: MemberSubscription
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly hooks: MemberHooks
}

/** What a membership tells, and asks, whoever holds it. */
export interface MembershipHolder {
  /** How many members of the group this process holds that have a member id. */
  readonly knownMembers: number
  /** It begins to join. */
  onJoining(): void
  /** It is over, whoever ended it. */
  onOver(): void
  /** It was left while its JoinGroup was under way, which made it a member after all. */
  onJoinedAfterAll(member: MemberOfGeneration): void
}

const REVOKE_LIMIT_MS = 3000
const PAUSE_FIRST_MS = 50
const PAUSE_LIMIT_MS = 2000
/** So many JoinGroups without an assignment between them go at once; then each comes after a pause. */
const QUICK_JOINS = 4

/** Where a member stands, and the rebalances that it goes through: the table of `decide.ts`, carried out. */
export class Membership {
  readonly #context: GroupContext
  readonly #options: Omit<MemberOptions, 'subscription' | 'sessionTimeoutMs'>
  readonly #holder: MembershipHolder
  #sessionTimeoutMs: number
  #subscription: MemberSubscription
  #state: MemberState = 'idle'
  #memberId = ''
  #generation = -1
  #assignment: MemberAssignment | null = null
  #leads = false
  /** Goes into the metadata, for brokers that rebalance only if that differs. */
  #renewals = -1
  /** What the last JoinGroup said. */
  #sent: MemberSubscription
  /** As which it is to take its own place, and nobody else's; undefined unless it does. */
  #replaced: MemberOfGeneration | undefined
  /** What the group was assigned by, as far as this member knows. */
  #confirmed: MemberSubscription
  #leaving = false
  #joiningSinceMs = 0
  #failure: GroupFailure | undefined
  #settling: PromiseWithResolvers<void> | undefined
  /** Partitions of the topics that it assigned as leader; null if it did not assign them itself. */
  counts: ReadonlyMap<string, number> | null = null
  /** When the coordinator last confirmed that this process holds the member. */
  confirmedAtMs = -Infinity

  constructor(context: GroupContext, options: MemberOptions, holder: MembershipHolder) {
    const { subscription, sessionTimeoutMs, ...rest } = options
    this.#context = context
    this.#options = rest
    this.#holder = holder
    this.#sessionTimeoutMs = sessionTimeoutMs
    this.#subscription = this.#sent = this.#confirmed = subscription
  }

  get state(): MemberState {
    return this.#state
  }

  get sessionTimeoutMs(): number {
    return this.#sessionTimeoutMs
  }

  get leads(): boolean {
    return this.#leads
  }

  /** Null unless it is stable. */
  get assignment(): MemberAssignment | null {
    return this.#state === 'stable' ? this.#assignment : null
  }

  get joiningForMs(): number {
    return isJoining(this.#state) ? performance.now() - this.#joiningSinceMs : 0
  }

  /** As its requests name it now. */
  get identity(): MemberOfGeneration {
    const { group, instanceId } = this.#options
    return { group, instanceId, memberId: this.#memberId, generation: this.#generation }
  }

  resubscribe(subscription: MemberSubscription): void {
    this.#subscription = subscription
    if (this.#state === 'idle') this.#confirmed = subscription
    this.take('changed')
  }

  replace(sessionTimeoutMs: number): void {
    this.#sessionTimeoutMs = sessionTimeoutMs
    this.#replaced = this.identity
    this.take('replaced')
  }

  /** Takes up an event from outside of its own rebalance. `failure`: why, if that ends it. */
  take(event: MemberEvent, failure?: GroupFailure): void {
    const action = decide(this.#state, event)
    if (action === 'end') this.#end(failure)
    else if (stateAfter(action) === 'joining') {
      this.#joiningSinceMs = performance.now()
      this.#state = 'joining'
      this.#holder.onJoining()
      void this.#rebalance(action)
    }
  }

  /** Ends it without telling its owner. `leaving`: it must not be a member, whatever is under way. */
  abandon(leaving: boolean): void {
    if (this.#state === 'ended') return
    this.#leaving = leaving
    this.#finish()
  }

  /** Resolves when it is stable; with null at the deadline. Rejects with a GroupFailure once it has ended. */
  async settled(deadline: Deadline): Promise<MemberAssignment | null> {
    while (this.#state !== 'stable') {
      if (this.#state === 'ended') throw this.#failure ?? notConfirmed(this.#options.group)
      if (deadline.passed) return null
      this.#settling ??= Promise.withResolvers()
      await within(deadline, this.#settling.promise, late).catch(() => undefined)
    }
    return this.#assignment
  }

  /** What the next JoinGroup says. */
  #prepare(action: MemberAction): void {
    this.#state = 'joining'
    if (action === 'joinAnew') this.#memberId = ''
    if (action === 'joinChanged') this.#renewals++
  }

  async #rebalance(first: MemberAction): Promise<void> {
    const { group } = this.#options
    const known = () => this.#holder.knownMembers
    const rebalance = new Rebalance(this.#context, group, known, () => isJoining(this.#state))
    try {
      await this.#revoke()
      if (isJoining(this.#state)) this.#prepare(first)
      for (let failures = 0, joins = 0; isJoining(this.#state);) {
        const event = await this.#request(rebalance)
        if (event === 'rebalancing' && this.#state === 'syncing') await this.#tellRevoked()
        const action = decide(this.#state, event)
        failures = action === 'again' ? failures + 1 : 0
        if (stateAfter(action) === 'joining') joins++
        // The group has what the JoinGroup said: it is sent again.
        if (event === 'parked') this.#confirmed = this.#sent
        this.#carryOut(action, rebalance)
        const pauses = isJoining(this.#state) ? Math.max(failures, joins - QUICK_JOINS) : 0
        if (pauses > 0) await sleep(scattered(growingPauseMs(pauses - 1, PAUSE_FIRST_MS, PAUSE_LIMIT_MS)))
        if (this.#leaving && (event === 'joined' || event === 'leadsByOldName'))
          this.#holder.onJoinedAfterAll({ ...this.identity, memberId: rebalance.memberId })
      }
    } catch (cause) {
      this.#context.log.error({ group, cause: causeText(cause) }, 'A rebalance failed')
      this.#end(notConfirmed(group))
    } finally {
      rebalance.end()
    }
    if (this.#sent !== this.#subscription) this.take('changed')
  }

  async #revoke(): Promise<void> {
    if (this.#assignment === null) return
    this.#assignment = null
    await this.#tellRevoked()
  }

  async #tellRevoked(): Promise<void> {
    const told = Promise.resolve(this.#options.hooks.onRevoked())
    await within(Deadline.after(REVOKE_LIMIT_MS), told, late).catch((error: unknown) => {
      this.#context.log.debug({ group: this.#options.group, cause: causeText(error) }, 'The last commits failed')
    })
  }

  #request(rebalance: Rebalance): Promise<MemberEvent> {
    if (this.#state === 'looking') return rebalance.look()
    if (this.#state === 'syncing') return rebalance.sync(this.identity)
    // With an empty member id another subscription would replace the one in the group without a rebalance.
    this.#sent = this.#memberId === '' ? this.#confirmed : this.#subscription
    const { rebalanceTimeoutMs } = this.#options
    const sessionTimeoutMs = this.#sessionTimeoutMs
    const { topics, userData } = this.#sent
    const metadata = encodeSubscription({ topics, userData, generationId: this.#renewals })
    const request = { ...this.identity, sessionTimeoutMs, rebalanceTimeoutMs, metadata }
    return rebalance.join(request, this.#memberId === '' ? this.#replaced : undefined)
  }

  #carryOut(action: MemberAction, rebalance: Rebalance): void {
    if (this.#state === 'ended') return
    const next = stateAfter(action)
    this.#memberId = rebalance.memberId
    if (rebalance.generation >= 0) this.#generation = rebalance.generation
    if (next === 'joining') this.#prepare(action)
    else if (next === 'ended') this.#end(rebalance.failure)
    else if (next === 'stable') this.#serve(rebalance)
    else if (next !== null) this.#state = next
  }

  #serve({ assignment, leads, counts }: Rebalance): void {
    this.#state = 'stable'
    this.#confirmed = this.#sent
    this.#leads = leads
    this.counts = counts
    this.confirmedAtMs = performance.now()
    const [memberId, generation] = [this.#memberId, this.#generation]
    this.#assignment = { memberId, generation, partitions: assignment?.partitions ?? new Map() }
    this.#options.hooks.onAssigned(this.#assignment)
    this.#settle()
  }

  #end(failure: GroupFailure = notConfirmed(this.#options.group)): void {
    if (this.#state === 'ended') return
    this.#failure = failure
    this.#finish()
    this.#options.hooks.onEnded(failure)
  }

  #finish(): void {
    this.#state = 'ended'
    this.#assignment = null
    this.#holder.onOver()
    this.#settle()
  }

  #settle(): void {
    this.#settling?.resolve()
    this.#settling = undefined
  }
}

function late(): TransportError {
  return new TransportError('not in time', false)
}
