import type { ApisConfig, LimitsConfig } from '../../config/schema.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import type { Meter } from '../../core/meter.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import type { ConsumerUseCases } from '../../gateway/instances/consumers.ts'
import { type Answer, jsonReply, type Reply } from '../../http/answer.ts'
import type { HttpCall } from '../../http/call.ts'
import type { Parameter } from '../../http/openapi/operation.ts'
import type { RouteDescription } from '../../http/route.ts'
import { answerType } from './media-types.ts'
import type { Dialect } from './record-form.ts'
import { partitionSchema } from './schemas.ts'

/** Common parts of the routes of v2. */

export interface V2UseCases {
  readonly gateway: Gateway
  readonly consumers: ConsumerUseCases
  readonly limits: LimitsConfig
  readonly dialect: Dialect
  /** `strict`: the status of a produce request is that of its worst record. */
  readonly v2Status: ApisConfig['v2Status']
  readonly autoCreateTopics: ApisConfig['autoCreateTopics']
  readonly meter: Meter
  /** For failures after the answer. */
  readonly warnings: Pick<RepeatedWarnings, 'warn'>
}

/** A route whose handler also gets the media type that its client wants. */
export interface V2Route extends RouteDescription {
  handle(call: HttpCall, useCases: V2UseCases, type: string): Answer | Promise<Answer>
}

/** Binds a route to its use cases. Refuses clients that accept none of its types before anything is done. */
export function served(route: V2Route, useCases: V2UseCases) {
  return {
    ...route,
    handle: (call: HttpCall) => route.handle(call, useCases, answerType(call.headers.accept, route.offers))
  }
}

export function reply(status: number, value: unknown, type: string): Reply {
  return { ...jsonReply(status, value), headers: { 'Content-Type': type } }
}

export const partitionParameter: Parameter = {
  name: 'partition',
  description: 'Number of a partition, from 0.',
  schema: partitionSchema,
  examples: { first: { summary: 'The first partition', value: 0 } }
}

/** Of a call about a topic that is there already. */
export const topicErrors: readonly ErrorCode[] = [
  'TOPIC_NOT_FOUND',
  'INTERNAL_TOPIC',
  'NOT_ACCEPTABLE',
  'KAFKA_REFUSED',
  'KAFKA_UNAVAILABLE'
]
