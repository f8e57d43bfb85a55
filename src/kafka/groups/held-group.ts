import { performance } from 'node:perf_hooks'
import { isJoining } from './decide.ts'
import type { GroupContext } from './group-context.ts'
import { tooManyMembers } from './group-failure.ts'
import { GroupMember, type HoldingGroup } from './group-member.ts'
import type { HeartbeatWheel, WheelTask } from './heartbeat-wheel.ts'
import type { MemberOptions } from './membership.ts'

const SCOUT_LEAST_MS = 1000
const SCOUT_SPREAD_MS = 2000
const WATCH_MS = 5000
/**
 * For each member, as each has to join when the others hear of a rebalance: of those that follow each other, large groups take
 * several at once. A takeover in a Stable group is answered sooner, and begins none.
 */
const ALERT_MS = 5
const ALERT_LIMIT_MS = 250

/**
 * The members of one group that this process holds. Every 1 to 3 s one of them in turn sends a heartbeat, which finds a
 * rebalance for them all, and sooner while another one joins, which may have begun it; besides that each sends one when a third
 * of its session has passed.
 */
export class HeldGroup implements HoldingGroup, WheelTask {
  readonly #context: GroupContext
  readonly #wheel: HeartbeatWheel
  readonly #limit: number
  /** Called when the last member has gone. */
  readonly #onEmpty: () => void
  readonly #members: GroupMember[] = []
  #turn = 0
  #watchedAtMs = 0
  #alert: NodeJS.Timeout | undefined

  constructor(context: GroupContext, wheel: HeartbeatWheel, limit: number, onEmpty: () => void) {
    this.#context = context
    this.#wheel = wheel
    this.#limit = limit
    this.#onEmpty = onEmpty
    wheel.add(this, scoutPauseMs())
  }

  get members(): readonly GroupMember[] {
    return this.#members
  }

  /** Throws a GroupFailure if there are as many as can wait for a rebalance together. */
  add(options: MemberOptions): GroupMember {
    if (this.#members.length >= this.#limit) throw tooManyMembers(options.group)
    const member = new GroupMember(this.#context, this, options)
    this.#members.push(member)
    this.#wheel.add(member, options.sessionTimeoutMs / 3)
    return member
  }

  /** All of this generation join in one tick: the group waits for each of them. */
  rebalancing(generation: number): void {
    for (const member of this.#members.slice()) member.rebalance(generation)
  }

  joins(): void {
    this.#alertIn(ALERT_MS * this.#members.length)
  }

  ended(member: GroupMember): void {
    const index = this.#members.indexOf(member)
    if (index >= 0) this.#members.splice(index, 1)
    if (this.#members.length === 0) this.#onEmpty()
  }

  due(): number | null {
    if (this.#members.length === 0) return null
    this.#scout()
    const nowMs = performance.now()
    if (nowMs - this.#watchedAtMs >= WATCH_MS) {
      this.#watchedAtMs = nowMs
      for (const member of this.#members) void member.watch()
    }
    return scoutPauseMs()
  }

  #alertIn(pauseMs: number): void {
    clearTimeout(this.#alert)
    this.#alert = setTimeout(() => {
      if (!this.#members.some(({ state }) => isJoining(state))) return
      this.#scout()
      this.#alertIn(Math.max(pauseMs, Math.min(pauseMs * 2, ALERT_LIMIT_MS)))
    }, pauseMs).unref()
  }

  #scout(): void {
    const stable = this.#members.filter(({ state }) => state === 'stable')
    if (stable.length > 0) stable[this.#turn++ % stable.length].beat()
  }
}

/** Scattered, so that gateways and groups do not ask in step. */
function scoutPauseMs(): number {
  return SCOUT_LEAST_MS + Math.random() * SCOUT_SPREAD_MS
}
