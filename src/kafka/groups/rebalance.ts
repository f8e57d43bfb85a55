import { performance } from 'node:perf_hooks'
import { Deadline } from '../../core/deadline.ts'
import { within } from '../../core/lib/within.ts'
import { KafkaFailure } from '../kafka-failure.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import { JOIN_TIMEOUT_MS } from '../transport/brokers.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import { type Assignment, decodeAssignment } from './consumer-protocol.ts'
import { COORDINATOR_AWAY } from './coordinators.ts'
import { eventOf, type MemberEvent } from './decide.ts'
import { askGroup } from './describe-messages.ts'
import type { GroupContext } from './group-context.ts'
import { groupFailure, GroupFailure } from './group-failure.ts'
import type { JoinConnection } from './join-connections.ts'
import { lead, type Led } from './lead.ts'
import {
  askHeartbeat,
  askJoin,
  askSync,
  type JoinAnswer,
  type JoinedMember,
  type JoinRequest,
  type MemberOfGeneration
} from './membership-messages.ts'

const COORDINATOR_LIMIT_MS = 5000
const LOOK_AGAIN_MS = 3000
const NEVER = Infinity
/** Of a member that assigns nothing. */
const NOTHING_LED = { assignments: new Map<string, Buffer>(), counts: null }
const UUID = /^-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The requests of one rebalance of one member, from its first JoinGroup to its assignment. */
export class Rebalance {
  readonly #context: GroupContext
  readonly #group: string
  readonly #known: () => number
  readonly #wanted: () => boolean
  #connection: JoinConnection | undefined
  #brokerId = -1
  /** The coordinator has moved, or a request to it was lost: what it knew of this rebalance may be gone. */
  #moved = false
  /** How often the coordinator is looked for before the request under way counts as parked. */
  #looks = NEVER
  #hasParkedJoin = false
  #hasParkedSync = false
  #toAssign: readonly JoinedMember[] = []
  /** What the group's members subscribe to, with the number of partitions; null unless this member has assigned them. */
  counts: ReadonlyMap<string, number> | null = null
  /** Why the last request was refused. */
  failure: GroupFailure | undefined
  leads = false
  assignor = ''
  /** −1 before the first answer. */
  generation = -1
  memberId = ''
  assignment: Assignment | undefined

  /**
   * `known` tells how many members of the group this process holds that have a member id. `wanted` is asked before each
   * request: a member that has ended must not send another one.
   */
  constructor(context: GroupContext, group: string, known: () => number, wanted: () => boolean) {
    this.#context = context
    this.#group = group
    this.#known = known
    this.#wanted = wanted
  }

  /** Gives the connection back. No request may be under way. */
  end(): void {
    this.#connection?.release()
    this.#connection = undefined
  }

  /**
   * Resolves with `parked`, once, if a static member has waited for others for some seconds. `replaced`: the member whose place
   * it takes, if that must be its own; whoever has taken it over since is not disturbed.
   */
  async join(request: JoinRequest, replaced?: MemberOfGeneration): Promise<MemberEvent> {
    this.memberId = request.memberId
    const mayPark = request.instanceId !== null && !this.#hasParkedJoin
    // A group that was empty waits for 3 s by default (group.initial.rebalance.delay.ms), and only those without an id join it.
    this.#looks = mayPark ? (request.memberId === '' ? 2 : 1) : NEVER
    const event = await this.#attempt(
      async ({ channel }) => {
        if (replaced !== undefined) await this.#requireHeld(channel, replaced)
        return askJoin(channel, request)
      },
      answer => {
        if (answer.memberId !== '') this.memberId = answer.memberId
        if (answer.errorCode !== 0) return this.#error(answer.errorCode)
        this.assignor = answer.assignor
        this.generation = answer.generation
        return this.#role(request, answer)
      }
    )
    this.#hasParkedJoin ||= event === 'parked'
    return event
  }

  /** Throws a GroupFailure if another process holds the member by now: a JoinGroup without a member id would fence that one. */
  async #requireHeld(channel: BrokerChannel, member: MemberOfGeneration): Promise<void> {
    const { errorCode } = await askHeartbeat(channel, member)
    const event = eventOf(errorCode, false)
    if (event === 'fenced' || event === 'unknown') throw groupFailure(this.#group, errorCode)
  }

  /** Every JoinGroup may make its sender the leader, a takeover in the middle of a rebalance included. */
  #role({ memberId: asked, instanceId }: JoinRequest, answer: JoinAnswer): MemberEvent {
    const { leader, memberId, members, skipsAssignment } = answer
    this.leads = leader === memberId
    this.counts = null
    this.#toAssign = this.leads && !skipsAssignment ? members : []
    // Before version 9 a leader that is taken over is told its old id as the leader's, and no members.
    if (this.leads || asked !== '' || members.length > 0) return 'joined'
    if (instanceId === null || !leader.startsWith(instanceId) || !UUID.test(leader.slice(instanceId.length)))
      return 'joined'
    this.leads = true
    return 'leadsByOldName'
  }

  /** Finds out whether the group is Stable, so that nobody waits for assignments by this member. */
  look(): Promise<MemberEvent> {
    this.#looks = NEVER
    return this.#attempt(
      ({ channel }) => askGroup(channel, this.#group),
      ({ errorCode, state }) => {
        if (errorCode !== 0) return this.#error(errorCode)
        return state === 'Stable' ? 'groupStable' : 'groupUnstable'
      }
    )
  }

  /** Resolves with `parked`, once, if the leader has not assigned anything for some seconds: it may be dead. */
  async sync(member: MemberOfGeneration): Promise<MemberEvent> {
    this.#hasParkedJoin = false
    const mayPark = member.instanceId !== null && !this.#hasParkedSync && this.#toAssign.length === 0
    this.#looks = mayPark ? 1 : NEVER
    const event = await this.#attempt(
      async ({ channel }) => {
        const led = this.#toAssign.length === 0 ? NOTHING_LED : await this.#lead()
        return { ...led, ...(await askSync(channel, member, this.assignor, led.assignments)) }
      },
      ({ errorCode, assignment, counts }) => {
        if (errorCode !== 0) return this.#error(errorCode)
        this.counts = counts
        this.assignment = decodeAssignment(assignment) ?? undefined
        return this.assignment === undefined ? 'unassigned' : 'assigned'
      }
    )
    this.#hasParkedSync ||= event === 'parked'
    return event
  }

  #lead(): Promise<Led> {
    return lead(this.#context, this.#group, this.assignor, this.#toAssign)
  }

  #error(errorCode: number): MemberEvent {
    this.#context.coordinators.heard(this.#group, errorCode)
    this.failure = groupFailure(this.#group, errorCode)
    if (COORDINATOR_AWAY.has(errorCode)) this.#moved = true
    return eventOf(errorCode, this.#moved)
  }

  /** `take` is called with the answer, unless another broker has become the coordinator by then. */
  async #attempt<Answer>(
    ask: (connection: JoinConnection) => Promise<Answer>,
    take: (answer: Answer) => MemberEvent
  ): Promise<MemberEvent> {
    const { coordinators, joins, log } = this.#context
    const sentMs = performance.now()
    try {
      const brokerId = await coordinators.of(this.#group, Deadline.after(COORDINATOR_LIMIT_MS))
      if (brokerId !== this.#brokerId) this.end()
      this.#brokerId = brokerId
      this.#connection ??= await joins.take(brokerId, this.#group, this.#known(), this.memberId === '')
      const connection = this.#connection
      await connection.channel.connect()
      if (!this.#wanted()) return 'away'
      const asked = ask(connection)
      const end = await this.#endOf(asked, brokerId)
      if (end === 'answered') return take(await asked)
      // Its answer is still due, so nobody else may use the connection yet.
      this.#connection = end === 'moved' ? undefined : end
      void asked.catch(() => undefined).finally(() => connection.release())
      if (end !== 'moved') return 'parked'
      this.#moved = true
      return 'away'
    } catch (error) {
      if (error instanceof GroupFailure) {
        this.failure = error
        return 'refused'
      }
      if (!(error instanceof TransportError || error instanceof KafkaFailure)) throw error
      log.debug({ group: this.#group, cause: causeText(error) }, 'A request of a rebalance got no answer')
      coordinators.forget(this.#group)
      // One that was parked for as long as a request may last says nothing about the coordinator.
      if (performance.now() - sentMs < JOIN_TIMEOUT_MS) this.#moved = true
      return 'away'
    }
  }

  /**
   * A parked request and a frozen broker look alike, so others are asked meanwhile whether it is still the coordinator.
   * Resolves with another connection if the request is to be made anew there.
   */
  async #endOf(asked: Promise<unknown>, brokerId: number): Promise<'answered' | 'moved' | JoinConnection> {
    const { coordinators } = this.#context
    const settling = asked.then(isTrue, isTrue)
    for (;;) {
      if (await within(Deadline.after(LOOK_AGAIN_MS), settling, late).catch(() => false)) return 'answered'
      const nowId = await coordinators.askAgain(this.#group, Deadline.after(LOOK_AGAIN_MS)).catch(() => brokerId)
      if (nowId !== brokerId) return 'moved'
      const spare = --this.#looks === 0 ? await this.#spare(brokerId) : undefined
      if (spare === undefined) continue
      // Answered by now, it may have been fenced: then it must not fence whoever did that.
      if (!(await Promise.race([settling, Promise.resolve(false)]))) return spare
      spare.release()
    }
  }

  /** Returns a second connection, if one is free. */
  async #spare(brokerId: number): Promise<JoinConnection | undefined> {
    const spare = this.#context.joins.takeSpare(brokerId, this.#group)
    try {
      await spare?.channel.connect()
      return spare
    } catch {
      spare?.release()
      return undefined
    }
  }
}

function isTrue(): true {
  return true
}

function late(): TransportError {
  return new TransportError('not in time', true)
}
