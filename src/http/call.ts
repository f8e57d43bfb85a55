import type { IncomingHttpHeaders } from 'node:http'
import type { ByteBudget } from '../core/byte-budget.ts'
import type { GatewayError } from '../core/errors.ts'
import type { Call, Operation, ResourceKind } from '../core/principal.ts'
import type { RequestTrace } from '../core/tracing.ts'

/** Path parameters by name, decoded. */
export type Params = Readonly<Record<string, string>>
/** To be read only: requests with the same query share it. */
export type Query = Pick<URLSearchParams, 'get'>

/** Something in Kafka that a path names, and that permission is asked for. */
export interface Resource {
  readonly kind: ResourceKind
  /** Returns its name. Throws the error of a name that cannot exist. */
  nameIn(params: Params): string
  /** Returns the error for callers who may not even see it. Left out if its existence is no secret: they get NOT_PERMITTED. */
  missing?(name: string): GatewayError
}

/** A request body in one buffer, and its place in the byte budget, which the reader of the body gives back. */
export interface Body {
  readonly bytes: Buffer
  /** Call once, when you are done with `bytes`. */
  readonly release: () => void
}

/** What a handler knows of its request, and what it may ask of HTTP. */
export interface HttpCall {
  readonly params: Params
  readonly query: Query
  /** By name in lower case. */
  readonly headers: IncomingHttpHeaders
  /** Where the connection comes from; undefined if it is gone already. */
  readonly address: string | undefined
  /** Where requests are traced. */
  readonly trace: RequestTrace | undefined
  /** Aborted if nobody waits for the answer any more; its reason says why ({@link EndReason}). */
  readonly signal: AbortSignal
  /**
   * Reads a `whole` body. Throws or rejects with UNSUPPORTED_MEDIA_TYPE, UNSUPPORTED_ENCODING, BODY_TOO_LARGE,
   * MALFORMED_GZIP, OVERLOADED, REQUEST_TIMEOUT, BAD_REQUEST. Its reader releases it.
   */
  body(): Body | Promise<Body>
  /** Reads a `stream` body: the next piece is asked for when the last one was handled. Throws as {@link HttpCall.body} does. */
  pieces(): AsyncIterable<Buffer>
  /** Throws NOT_PERMITTED, or the resource's own error if the caller may not even see it. */
  permit(operation: Operation, resource: Resource, name: string): void
  may(operation: Operation, kind: ResourceKind, name: string): boolean
  /** Takes what was sent from the caller's quotas. Throws QUOTA_EXCEEDED, and takes nothing, if that is too much. */
  charge(records: number, bytes: number): void
  /** Sets aside of the caller's quotas what the last page took, so that pages read at the same time are not read for nothing. */
  reserve(): void
  /** Takes what a page costs instead of what was reserved. Throws QUOTA_EXCEEDED: then the page must not be sent. */
  settle(records: number, bytes: number): void
  /** Takes what a stream has delivered; the next request, of any route, waits for a debt. */
  chargeAfter(records: number, bytes: number): void
  /**
   * Holds so many bytes of the byte budget, or of a budget of its own, if that is more than before, until the request is
   * over. Throws OVERLOADED.
   */
  hold(bytes: number, budget?: ByteBudget): void
  /** Begins the operation: its deadline runs from now. Throws ClientGone if nobody waits for the answer. */
  begin(): Call
}

/** Why a stream has to end: its client left, or the gateway is being stopped. */
export type EndReason = 'gone' | 'stopping'
