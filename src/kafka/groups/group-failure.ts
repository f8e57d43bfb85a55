import { kafkaErrorName } from '../kafka-errors.ts'
import { type FailureKind, KafkaFailure } from '../kafka-failure.ts'

/**
 * What stands in the way of an operation on a group.
 * - `fenced`: another process took the member over (same `group.instance.id`); it is no longer ours
 * - `unknownMember`: the coordinator has no such member (any more): it expired, left or was removed
 * - `rebalancing`: the generation is ending or has ended; the member joins again by itself
 * - `inconsistent`: the group and the member have no assignor, or no protocol type, in common
 * - `notClassic`: a share or streams group, or one of KIP-848 that takes no classic members
 * - `full`: the coordinator's `group.max.size` is reached
 * - `tooManyMembers`: this process holds as many members of the group as it may
 * - `badSessionTimeout`: outside the coordinator's `group.min.session.timeout.ms` and `group.max.session.timeout.ms`
 * - `badGroupId`: Kafka takes no such name
 * - `unauthorized`: Kafka does not let the gateway use the group, or a topic
 * - `unsupported`: the brokers, or the protocol among them, are too old
 * - `other`: anything else that no retry mends
 */
export type GroupTrouble =
  | 'fenced'
  | 'unknownMember'
  | 'rebalancing'
  | 'inconsistent'
  | 'notClassic'
  | 'full'
  | 'tooManyMembers'
  | 'badSessionTimeout'
  | 'badGroupId'
  | 'unauthorized'
  | 'unsupported'
  | 'other'

/** A KafkaFailure about a group; `trouble` says more than its kind. */
export class GroupFailure extends KafkaFailure {
  override readonly name = 'GroupFailure'
  readonly trouble: GroupTrouble

  constructor(trouble: GroupTrouble, message: string, kafkaCode?: number, detail?: string) {
    super(KINDS[trouble], message, kafkaCode === undefined ? { detail } : { kafkaCode, detail })
    this.trouble = trouble
  }
}

const KINDS: Readonly<Record<GroupTrouble, FailureKind>> = {
  fenced: 'unreachable',
  unknownMember: 'invalidRequest',
  rebalancing: 'unreachable',
  inconsistent: 'refused',
  notClassic: 'refused',
  full: 'busy',
  tooManyMembers: 'busy',
  badSessionTimeout: 'invalidRequest',
  badGroupId: 'invalidRequest',
  unauthorized: 'refused',
  unsupported: 'refused',
  other: 'unreachable'
}

const TROUBLES: ReadonlyMap<number, GroupTrouble> = new Map([
  [22, 'rebalancing'],
  [23, 'inconsistent'],
  [24, 'badGroupId'],
  [25, 'unknownMember'],
  [26, 'badSessionTimeout'],
  [27, 'rebalancing'],
  [29, 'unauthorized'],
  [30, 'unauthorized'],
  [35, 'unsupported'],
  [69, 'notClassic'],
  [81, 'full'],
  [82, 'fenced']
])

const MESSAGES: Readonly<Record<GroupTrouble, string>> = {
  fenced: 'another process has taken this member over.',
  unknownMember: 'it has no such member.',
  rebalancing: 'it is being rebalanced.',
  inconsistent: 'its members use assignors or a protocol that the gateway does not offer.',
  notClassic: 'it is not a classic consumer group.',
  full: 'it has as many members as the cluster allows.',
  tooManyMembers: 'the gateway holds as many of its members as it may.',
  badSessionTimeout: 'Kafka does not allow this session time-out.',
  badGroupId: 'Kafka does not take this name.',
  unauthorized: 'Kafka does not permit using it.',
  unsupported:
    'its brokers do not know static members (KIP-345). Those of Kafka 2.4 do, with inter.broker.protocol.version 2.3 or later.',
  other: 'Kafka refuses.'
}

/** Returns what an error code of the group's coordinator means. `reason` holds Kafka's own words, for the log. */
export function groupFailure(group: string, errorCode: number, reason: string | null = null): GroupFailure {
  const trouble = TROUBLES.get(errorCode) ?? 'other'
  const detail = `group ${group}: ${kafkaErrorName(errorCode)}${reason === null ? '' : `: ${reason}`}`
  return new GroupFailure(trouble, `Consumer group '${group}': ${MESSAGES[trouble]}`, errorCode, detail)
}

export function tooManyMembers(group: string): GroupFailure {
  return new GroupFailure('tooManyMembers', `Consumer group '${group}': ${MESSAGES.tooManyMembers}`)
}

/** A member that has ended without a word of the coordinator. */
export function notConfirmed(group: string): GroupFailure {
  return new GroupFailure('other', `Consumer group '${group}': the gateway no longer holds this member.`)
}
