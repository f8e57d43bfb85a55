import type { Schema } from '../core/json-schema.ts'
import type { Operation } from '../core/principal.ts'
import type { Answer } from './answer.ts'
import type { HttpCall, Resource } from './call.ts'
import type { OperationText } from './openapi/operation.ts'

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'

/**
 * Who may call a route.
 * - `public`: everybody, without a token
 * - `caller`: every authenticated caller
 * - `inHandler`: every authenticated caller; the handler checks each name ({@link HttpCall.permit}). If it answers without a
 *   check, the answer becomes INTERNAL_ERROR.
 * - an operation and a resource: callers who may do that to the resource that the path names. Checked before the body is read.
 */
export type Permission =
  | 'public'
  | 'caller'
  | 'inHandler'
  | { readonly operation: Operation; readonly resource: Resource }

/** The types of a body that is read whatever its Content-Type is. With types before the star, the handler judges. */
export const ANY_TYPE: readonly string[] = ['*/*']

/**
 * The body that a route takes. The handler reads a `whole` one into one buffer ({@link HttpCall.body}), a `stream` as it
 * arrives ({@link HttpCall.receive}). An `ignored` one is not read.
 */
export type BodyKind =
  | { readonly kind: 'ignored' }
  | {
      readonly kind: 'whole' | 'stream'
      readonly types: readonly string[]
      readonly schema?: Schema
      readonly anyType?: true
    }

/** How a request is recorded: only a `call` is audited; a `probe` is logged at debug. */
export type RequestKind = 'call' | 'page' | 'probe'

/** One method at one path (`/v1/topics/{topic}`) without its handler, as the gate, the router and OpenAPI need it. */
export interface RouteDescription {
  readonly method: Method
  readonly path: string
  readonly permission: Permission
  readonly body: BodyKind
  /** Media types of its answers, the preferred one first. */
  readonly offers: readonly string[]
  /** `stream`: the answer always streams. `either`: it does for a streaming media type. `whole` when left out. */
  readonly answer?: 'whole' | 'stream' | 'either'
  /** It answers with a WebSocket to who asks for one. */
  readonly upgrades?: true
  /** For a public route; `page` when left out. */
  readonly kind?: RequestKind
  /** Path in the metrics; the route's own when left out. */
  readonly countedAs?: string
  /** Name of the operation in the audit log; null if it has none. */
  readonly audit: string | null
  /** Its description in OpenAPI; undefined if it is not described. */
  readonly operation?: OperationText
}

/** A route whose handler also takes the use cases of its API. */
export interface RouteOf<U> extends RouteDescription {
  handle(call: HttpCall, useCases: U): Answer | Promise<Answer>
}

export interface Route extends RouteDescription {
  handle(call: HttpCall): Answer | Promise<Answer>
}

/** Binds the handlers to their use cases. */
export function boundTo<U>(useCases: U, routes: readonly RouteOf<U>[]): Route[] {
  return routes.map(route => ({ ...route, handle: call => route.handle(call, useCases) }))
}
