import type { Schema } from '../core/json-schema.ts'
import type { Operation } from '../core/principal.ts'
import type { Answer } from './answer.ts'
import type { HttpCall, Resource } from './call.ts'
import type { OperationText } from './openapi/operation.ts'

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'

/**
 * Who may call a route.
 * - `public`: everybody, without a token
 * - `caller`: whoever is let in
 * - `inHandler`: whoever is let in; the handler asks for each name ({@link HttpCall.permit}). An answer without having
 *   asked becomes INTERNAL_ERROR.
 * - else whoever may do the operation with the resource that the path names; judged before the body is read
 */
export type Permission =
  | 'public'
  | 'caller'
  | 'inHandler'
  | { readonly operation: Operation; readonly resource: Resource }

/** For a `whole` body that is read whatever its Content-Type says. */
export const ANY_TYPE: readonly string[] = ['*/*']

/**
 * The body that a route takes. `ignored`: whatever is sent is not read. `whole` is read into one buffer
 * ({@link HttpCall.body}), `stream` piece by piece ({@link HttpCall.pieces}).
 */
export type BodyKind =
  | { readonly kind: 'ignored' }
  | { readonly kind: 'whole' | 'stream'; readonly types: readonly string[]; readonly schema?: Schema }

/** What a request is to the gateway's records: a call is audited; a page and a probe are not; a probe is logged at debug only. */
export type RequestKind = 'call' | 'page' | 'probe'

/** One method at one path (`/v1/topics/{topic}`), without its handler: what gate, router and OpenAPI need to know. */
export interface RouteDescription {
  readonly method: Method
  readonly path: string
  readonly permission: Permission
  readonly body: BodyKind
  /** Media types of its answers, the preferred one first. */
  readonly offers: readonly string[]
  /** `stream`: always an answer that streams. `either`: for a streaming media type. `whole` when left out. */
  readonly answer?: 'whole' | 'stream' | 'either'
  /** Of a public route; `page` when left out. */
  readonly kind?: RequestKind
  /** Under which path the metrics count it; its own when left out. */
  readonly countedAs?: string
  /** What the audit log calls it; null if it is not recorded. */
  readonly audit: string | null
  /** What OpenAPI says of it; undefined for what is not described. */
  readonly operation?: OperationText
}

/** A route whose handler is given the use cases that its API was made with. */
export interface RouteOf<U> extends RouteDescription {
  handle(call: HttpCall, useCases: U): Answer | Promise<Answer>
}

export interface Route extends RouteDescription {
  handle(call: HttpCall): Answer | Promise<Answer>
}

/** Gives the handlers their use cases. */
export function boundTo<U>(useCases: U, routes: readonly RouteOf<U>[]): Route[] {
  return routes.map(route => ({ ...route, handle: call => route.handle(call, useCases) }))
}
