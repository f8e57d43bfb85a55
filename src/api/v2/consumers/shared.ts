import type { ErrorCode } from '../../../core/errors.ts'
import { GatewayError } from '../../../core/errors.ts'
import type { HttpCall, Resource } from '../../../http/call.ts'
import type { Parameter } from '../../../http/openapi/operation.ts'
import type { BodyKind } from '../../../http/route.ts'
import { PRODUCE_TYPES } from '../media-types.ts'

/** What the calls of consumer instances have in common. */

export const CONSUMERS_TAG = 'Consumers'
export const INSTANCE_PATH = '/consumers/{group}/instances/{instance}'

export const group: Resource = { kind: 'consumerGroup', nameIn: ({ group: name }) => name }
export const PERMISSION = { operation: 'read', resource: group } as const

/** Clients send one type with everything, or none. */
export const BODY: BodyKind = { kind: 'whole', types: PRODUCE_TYPES }

const NAME = { type: 'string', pattern: '^[a-zA-Z0-9._-]{1,249}$' } as const

export const groupParameter: Parameter = {
  name: 'group',
  description: 'Name of a consumer group.',
  schema: NAME,
  examples: { group: { summary: 'A group', value: 'billing' } }
}

export const instanceParameters: readonly Parameter[] = [
  groupParameter,
  {
    name: 'instance',
    description: 'Name of an instance of the group.',
    schema: NAME,
    examples: { instance: { summary: 'An instance', value: 'billing-1' } }
  }
]

/** Of every call about an instance. */
export const instanceErrors: readonly ErrorCode[] = [
  'INSTANCE_NOT_FOUND',
  'GROUP_UNUSABLE',
  'INSTANCE_LIMIT',
  'GROUP_BUSY',
  'NOT_ACCEPTABLE',
  'KAFKA_REFUSED',
  'KAFKA_TOO_OLD',
  'KAFKA_UNAVAILABLE'
]

export function done(): { status: number; body: Buffer } {
  return { status: 204, body: Buffer.alloc(0) }
}

/** Numbers that are sent as text, too. Undefined for what is left out, and for −1, which says the same. */
export function numberOf(value: number | string | undefined, what: string, limit: number): number | undefined {
  const number = Number(value ?? -1)
  if (number <= limit) return number < 0 ? undefined : number
  throw new GatewayError('INVALID_INSTANCE', `${what} must be at most ${limit}.`)
}

interface PartitionPlace {
  readonly topic: string
  readonly partition: number
}

/** Of places as clients send them. */
export function byTopic(
  places: readonly { readonly topic: string; readonly partition: number | string }[]
): Map<string, number[]> {
  const partitions = new Map<string, number[]>()
  for (const { topic, partition: given } of places) {
    const partition = Number(given)
    const numbers = partitions.get(topic)
    if (numbers === undefined) partitions.set(topic, [partition])
    else if (!numbers.includes(partition)) numbers.push(partition)
  }
  return partitions
}

export function placesOf(partitions: ReadonlyMap<string, readonly number[]>): PartitionPlace[] {
  return Array.from(partitions, ([topic, numbers]) => numbers.map(partition => ({ topic, partition }))).flat()
}

export function namesIn({ params }: HttpCall): [group: string, instance: string] {
  return [params.group, params.instance]
}
