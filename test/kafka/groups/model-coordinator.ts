import { randomUUID } from 'node:crypto'

export interface ModelMember {
  memberId: string
  readonly instanceId: string | null
  metadata: Buffer
  assignment: Buffer
  join: ((answer: object) => void) | null
  sync: ((answer: object) => void) | null
}

export interface ModelGroup {
  readonly name: string
  state: 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'
  generation: number
  leader: string
  members: ModelMember[]
  timer: NodeJS.Timeout | undefined
  /** What a coordinator that takes the group up finds written down. */
  stored: { generation: number; leader: string; members: ModelMember[] } | null
}

export interface Quirks {
  /** Before JoinGroup 9: a leader that is taken over is told its old id, and no members. */
  readonly namesOldLeader: boolean
  /** Kafka 2.4: a takeover while assignments are awaited starts no rebalance, and its taker is never assigned anything (KAFKA-9801). */
  readonly forgetsTakers: boolean
}

interface JoinAsked {
  readonly groupId: string
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly rebalanceTimeoutMs: number
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[]
}

interface MemberAsked {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

type SyncAsked = MemberAsked & {
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[]
}

interface LeaveAsked {
  readonly groupId: string
  readonly members: readonly { readonly memberId: string; readonly groupInstanceId: string | null }[]
}

/** Kafka's classic coordinator, as far as members notice: joins that wait for each other, static members, fencing. */
export class ModelCoordinator {
  readonly groups = new Map<string, ModelGroup>()
  readonly quirks: Quirks
  rebalances = 0

  constructor(quirks: Quirks) {
    this.quirks = quirks
  }

  group(name: string): ModelGroup {
    let group = this.groups.get(name)
    if (group === undefined) {
      const empty = { generation: 0, leader: '', members: [], timer: undefined, stored: null }
      this.groups.set(name, (group = { name, state: 'Empty', ...empty }))
    }
    return group
  }

  /** The coordinator moves: what was under way is lost. Those who wait are told so, unless it is frozen. */
  move(frozen = false): void {
    for (const group of this.groups.values()) {
      clearTimeout(group.timer)
      for (const { join, sync } of frozen ? [] : group.members) {
        join?.({ errorCode: 16 })
        sync?.({ errorCode: 16 })
      }
      const { generation, leader, members } = group.stored ?? { generation: 0, leader: '', members: [] }
      Object.assign(group, {
        generation,
        leader,
        members: members.map(asStored)
      })
      group.state = group.members.length === 0 ? 'Empty' : 'Stable'
    }
  }

  close(): void {
    for (const { timer } of this.groups.values()) clearTimeout(timer)
  }

  join(asked: JoinAsked, answer: (answer: object) => void): void {
    const group = this.group(asked.groupId)
    const [{ metadata }] = asked.protocols
    const { memberId, groupInstanceId: instanceId } = asked
    if (memberId === '' && instanceId === null) return answer({ errorCode: 79, memberId: `client-${randomUUID()}` })
    const known = this.#find(group, memberId, instanceId)
    if (memberId === '' && known !== undefined) return this.#takeOver(group, known, metadata, asked, answer)
    const wrong = memberId === '' || memberId.startsWith('client-') ? 0 : this.#wrong(group, memberId, instanceId)
    if (wrong !== 0) return answer({ errorCode: wrong })
    if (known === undefined) {
      const id = memberId === '' ? `${instanceId}-${randomUUID()}` : memberId
      const assignment = Buffer.alloc(0)
      group.members.push({ memberId: id, instanceId, metadata, assignment, join: answer, sync: null })
      return this.#prepare(group, asked.rebalanceTimeoutMs)
    }
    const isSame = known.metadata.equals(metadata)
    known.metadata = metadata
    const stays = group.state === 'Stable' ? isSame && group.leader !== memberId : isSame
    if (group.state !== 'PreparingRebalance' && stays) return answer(this.#current(group, known))
    known.join = answer
    this.#prepare(group, asked.rebalanceTimeoutMs)
  }

  #takeOver(
    group: ModelGroup,
    member: ModelMember,
    metadata: Buffer,
    { rebalanceTimeoutMs }: JoinAsked,
    answer: (answer: object) => void
  ): void {
    const old = member.memberId
    for (const waiting of [member.join, member.sync]) waiting?.({ errorCode: 82 })
    member.memberId = `${member.instanceId}-${randomUUID()}`
    member.metadata = metadata
    member.join = null
    member.sync = null
    const led = group.leader === old
    if (led) group.leader = member.memberId
    if (group.state === 'Stable' || (group.state === 'CompletingRebalance' && this.quirks.forgetsTakers)) {
      this.#store(group)
      const current = this.#current(group, member)
      if (!led) return answer({ ...current, members: [] })
      return answer(
        this.quirks.namesOldLeader ? { ...current, leader: old, members: [] } : { ...current, skipAssignment: true }
      )
    }
    member.join = answer
    this.#prepare(group, rebalanceTimeoutMs)
  }

  sync(asked: SyncAsked, answer: (answer: object) => void): void {
    const group = this.group(asked.groupId)
    const wrong = this.#wrong(group, asked.memberId, asked.groupInstanceId, asked.generationId)
    const member = group.members.find(({ memberId }) => memberId === asked.memberId)
    if (wrong !== 0 || member === undefined) return answer({ errorCode: wrong })
    if (group.state === 'PreparingRebalance') return answer({ errorCode: 27 })
    if (group.state === 'Stable') return answer({ errorCode: 0, assignment: member.assignment })
    member.sync = answer
    if (asked.memberId !== group.leader) return
    const given = new Map(asked.assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    group.state = 'Stable'
    for (const each of group.members) {
      each.assignment = given.get(each.memberId) ?? Buffer.alloc(0)
      each.sync?.({ errorCode: 0, assignment: each.assignment })
      each.sync = null
    }
    this.#store(group)
  }

  heartbeat(asked: MemberAsked): object {
    const group = this.group(asked.groupId)
    const wrong = this.#wrong(group, asked.memberId, asked.groupInstanceId, asked.generationId)
    if (wrong !== 0) return { errorCode: wrong }
    return { errorCode: group.state === 'PreparingRebalance' ? 27 : 0 }
  }

  leave({ groupId, members }: LeaveAsked): object {
    const group = this.group(groupId)
    const answers = members.map(({ memberId, groupInstanceId }) => {
      const wrong = memberId === '' ? 0 : this.#wrong(group, memberId, groupInstanceId)
      const member = this.#find(group, memberId, groupInstanceId)
      if (wrong !== 0 || member === undefined) return { memberId, groupInstanceId, errorCode: wrong === 0 ? 25 : wrong }
      for (const waiting of [member.join, member.sync]) waiting?.({ errorCode: 25 })
      group.members = group.members.filter(each => each !== member)
      if (group.members.length === 0) {
        group.state = 'Empty'
        this.#store(group)
      } else this.#prepare(group, 10_000)
      return { memberId, groupInstanceId, errorCode: 0 }
    })
    return { errorCode: 0, members: answers }
  }

  describe(name: string): object {
    const { state, members } = this.group(name)
    const described = members.map(({ memberId, instanceId, metadata, assignment }) => ({
      memberId,
      groupInstanceId: instanceId,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      memberMetadata: state === 'Stable' ? metadata : Buffer.alloc(0),
      memberAssignment: state === 'Stable' ? assignment : Buffer.alloc(0)
    }))
    const told = { errorCode: 0, errorMessage: null, groupId: name, groupState: state, protocolType: 'consumer' }
    return { ...told, protocolData: state === 'Stable' ? 'range' : '', members: described, authorizedOperations: 0 }
  }

  #find(group: ModelGroup, memberId: string, instanceId: string | null): ModelMember | undefined {
    return group.members.find(each =>
      memberId === '' ? instanceId !== null && each.instanceId === instanceId : each.memberId === memberId
    )
  }

  #wrong(group: ModelGroup, memberId: string, instanceId: string | null, generation?: number): number {
    if (instanceId !== null) {
      const holder = this.#find(group, '', instanceId)
      if (holder === undefined) return 25
      if (holder.memberId !== memberId) return 82
    } else if (this.#find(group, memberId, null) === undefined) return 25
    return generation !== undefined && generation !== group.generation ? 22 : 0
  }

  #prepare(group: ModelGroup, timeoutMs: number): void {
    for (const member of group.members) {
      member.sync?.({ errorCode: 27 })
      member.sync = null
    }
    if (group.state !== 'PreparingRebalance') {
      group.state = 'PreparingRebalance'
      clearTimeout(group.timer)
      group.timer = setTimeout(() => this.#complete(group), timeoutMs)
    }
    if (group.members.every(({ join }) => join !== null)) this.#complete(group)
  }

  /** Static members stay although they have not come. */
  #complete(group: ModelGroup): void {
    clearTimeout(group.timer)
    group.members = group.members.filter(({ join, instanceId }) => join !== null || instanceId !== null)
    const come = group.members.filter(({ join }) => join !== null)
    if (come.length === 0) return
    this.rebalances++
    group.generation++
    group.state = 'CompletingRebalance'
    if (!come.some(({ memberId }) => memberId === group.leader)) group.leader = come[0].memberId
    for (const member of come) {
      member.join?.(this.#current(group, member))
      member.join = null
    }
  }

  #current(group: ModelGroup, { memberId }: ModelMember): object {
    const members = group.members.map(({ memberId, instanceId, metadata }) => ({
      memberId,
      groupInstanceId: instanceId,
      metadata
    }))
    const { generation, leader } = group
    const protocol = { protocolType: 'consumer', protocolName: 'range' }
    const isLeader = memberId === leader
    const told = { errorCode: 0, generationId: generation, ...protocol, leader, skipAssignment: false, memberId }
    return { ...told, members: isLeader ? members : [] }
  }

  #store(group: ModelGroup): void {
    const { generation, leader, members } = group
    group.stored = { generation, leader, members: members.map(asStored) }
  }
}

function asStored({ memberId, instanceId, metadata, assignment }: ModelMember): ModelMember {
  return { memberId, instanceId, metadata, assignment, join: null, sync: null }
}
