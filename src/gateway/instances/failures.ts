import { GatewayError } from '../../core/errors.ts'
import type { GroupDescription } from '../../kafka/groups/describe-messages.ts'
import { GroupFailure, type GroupTrouble } from '../../kafka/groups/group-failure.ts'
import { callerError } from '../kafka-failures.ts'

export function instanceNotFound(group: string, name: string): GatewayError {
  return new GatewayError('INSTANCE_NOT_FOUND', `Consumer instance '${name}' of group '${group}' not found.`)
}

export function instanceExists(group: string, name: string): GatewayError {
  return new GatewayError('INSTANCE_EXISTS', `Consumer group '${group}' has a member '${name}' already.`)
}

export function instanceLimit(limit: number): GatewayError {
  return new GatewayError('INSTANCE_LIMIT', `The gateway holds ${limit} consumer instances, which is its limit.`, {
    headers: { 'Retry-After': '1' }
  })
}

export function invalidInstance(message: string): GatewayError {
  return new GatewayError('INVALID_INSTANCE', message)
}

export function instanceState(message: string): GatewayError {
  return new GatewayError('INSTANCE_STATE', message)
}

export function notAssigned(topic: string, partition: number): GatewayError {
  return new GatewayError('NOT_ASSIGNED', `No current assignment for partition ${topic}-${partition}.`)
}

export function groupUnusable(message: string): GatewayError {
  return new GatewayError('GROUP_UNUSABLE', message)
}

/** Throws GROUP_UNUSABLE for a group that instances cannot join, or in which nobody could serve them. */
export function requireClassic(
  group: string,
  { kind, protocolType, members }: Pick<GroupDescription, 'kind' | 'protocolType' | 'members'>
): void {
  if (kind === 'other') throw groupUnusable(`Group '${group}' is a share or streams group, not one of consumers.`)
  if (members.length === 0) return
  if (kind === 'consumer')
    throw groupUnusable(
      `Group '${group}' uses the protocol of KIP-848 (group.protocol=consumer), in which Kafka does not tell what an instance reads.`
    )
  if (protocolType !== 'consumer')
    throw groupUnusable(`Group '${group}' is of the protocol type ${protocolType}, not one of consumers.`)
}

export function groupBusy(group: string, cause?: GroupFailure): GatewayError {
  return new GatewayError('GROUP_BUSY', `Consumer group '${group}' is being rebalanced.`, {
    cause,
    headers: { 'Retry-After': '1' }
  })
}

export function outdatedInstance(group: string, name: string): GatewayError {
  return new GatewayError(
    'GROUP_BUSY',
    `The last change of consumer instance '${name}' of group '${group}' has been lost, and may come back. Subscribe again if it does not.`,
    { headers: { 'Retry-After': '1' } }
  )
}

/** Another call took the instance over, or the group is joined anew: the same call may be made once more. */
export function isPassing(error: unknown): error is GroupFailure {
  return isTrouble(error, 'fenced') || isTrouble(error, 'rebalancing') || isTrouble(error, 'unknownMember')
}

export function isTrouble(error: unknown, trouble: GroupTrouble): error is GroupFailure {
  return error instanceof GroupFailure && error.trouble === trouble
}

/** Returns what a caller is told of anything that goes wrong here. */
export function toldError(group: string, name: string, error: unknown): unknown {
  if (!(error instanceof GroupFailure)) return callerError(error)
  const { trouble, message, detail } = error
  const options = detail === undefined ? { cause: error } : { cause: error, detail }
  switch (trouble) {
    case 'unknownMember':
      return instanceNotFound(group, name)
    case 'fenced':
    case 'rebalancing':
      return groupBusy(group, error)
    case 'inconsistent':
    case 'notClassic':
      return new GatewayError('GROUP_UNUSABLE', message, options)
    case 'full':
    case 'tooManyMembers':
      return new GatewayError('INSTANCE_LIMIT', message, { ...options, headers: { 'Retry-After': '1' } })
    case 'unsupported':
      return new GatewayError('KAFKA_TOO_OLD', message, options)
    case 'badGroupId':
      return new GatewayError('INVALID_INSTANCE', message, options)
    default:
      return callerError(error)
  }
}
