import type { IncomingHttpHeaders } from 'node:http'
import type { ByteBudget } from '../core/byte-budget.ts'
import type { GatewayError } from '../core/errors.ts'
import type { Call, Operation, Principal, ResourceKind } from '../core/principal.ts'
import type { RequestTrace } from '../core/tracing.ts'
import type { BudgetReservation } from './budget-reservation.ts'

/** Path parameters by name, decoded. */
export type Params = Readonly<Record<string, string>>
/** Read-only, because requests with the same query share it. */
export type Query = Pick<URLSearchParams, 'get'>

/** A resource of Kafka that a path names and permission is required for. */
export interface Resource {
  readonly kind: ResourceKind
  /** Returns its name. Throws the API's error for an illegal name. */
  nameIn(params: Params): string
  /** Returns the error for callers who may not even see it. They get NOT_PERMITTED when this is left out. */
  missing?(name: string): GatewayError
}

/** A request body in one buffer. Its reader must release it: the byte budget counts it until then. */
export interface Body {
  readonly bytes: Buffer
  /** Call once, when you are done with `bytes`. */
  readonly release: () => void
}

/** Takes a body as it arrives. Neither is called after the connection has ended. */
export interface PieceTaker {
  piece(bytes: Buffer): void
  /** The body is complete. */
  end(): void
}

/** Takes the messages of a WebSocket. */
export interface MessageTaker {
  /** Takes a text in UTF-8, in memory that is its own. */
  message(text: Buffer): void
}

/** Holds what a client sends back, and lets it go on. */
export interface BodyFlow {
  pause(): void
  resume(): void
}

/** A request as its handler sees it. */
export interface HttpCall {
  readonly params: Params
  readonly query: Query
  /** By name in lower case. */
  readonly headers: IncomingHttpHeaders
  /** Where clients reach the gateway: scheme, authority and the path that proxies add, without a slash at its end. */
  readonly base: string
  /** Where the connection comes from; undefined if it is gone already. */
  readonly address: string | undefined
  /** Undefined for a public route. */
  readonly principal: Principal | undefined
  /** The client asks for a WebSocket, and gets a {@link SocketReply}. */
  readonly isUpgrade: boolean
  /** Undefined if requests are not traced. */
  readonly trace: RequestTrace | undefined
  /** Aborted when nobody waits for the answer any more; its reason is an {@link EndReason}. */
  readonly signal: AbortSignal
  /**
   * Reads a `whole` body. Throws or rejects with UNSUPPORTED_MEDIA_TYPE, UNSUPPORTED_ENCODING, BODY_TOO_LARGE,
   * MALFORMED_GZIP, OVERLOADED, REQUEST_TIMEOUT, BAD_REQUEST. Its reader releases it.
   */
  body(): Body | Promise<Body>
  /** Passes a body on as it arrives, without limits of size and time. Call it once, while the answer streams. */
  receive(taker: PieceTaker): BodyFlow
  /** Returns a part of the byte budget, empty at first, that does not end with this request: its holder releases it. */
  setAside(): BudgetReservation
  /** Requires a permission. Throws NOT_PERMITTED, or the resource's own error if the caller may not even see it. */
  permit(operation: Operation, resource: Resource, name: string): void
  may(operation: Operation, kind: ResourceKind, name: string): boolean
  /** Charges the caller's quotas for what was sent. Throws QUOTA_EXCEEDED, and charges nothing, if that is too much. */
  charge(records: number, bytes: number): void
  /** Reserves in the caller's quotas what the last page cost, so that concurrent reads do not fetch pages that must be refused. */
  reserve(): void
  /** Charges what a page costs, in place of the reservation. Throws QUOTA_EXCEEDED: the page must not be sent then. */
  settle(records: number, bytes: number): void
  /**
   * Charges what a stream has delivered. If that leaves a debt, the caller's next request waits for it; returns the
   * milliseconds until it is paid.
   */
  chargeAfter(records: number, bytes: number): number
  /**
   * Counts this request as one of the streams of the caller and of the process, not as one of the caller's
   * `concurrentRequests`. A reader has left when it closes its side; a writer may do so after its body. Throws QUOTA_EXCEEDED
   * or OVERLOADED.
   */
  beginStream(client: 'reads' | 'writes'): void
  /**
   * Raises what this request holds of the byte budget, or of another budget, to `bytes` until the request is over. Throws
   * OVERLOADED.
   */
  hold(bytes: number, budget?: ByteBudget): void
  /**
   * Runs a wait for records. Meanwhile this request holds nothing of the byte budget and reserves nothing, and counts as one
   * of the caller's `concurrentWaits`, not of its `concurrentRequests`. The
   * signal aborts also if the client closes its side of the connection. Rejects with QUOTA_EXCEEDED if there are too many.
   */
  waiting(wait: () => Promise<void>): Promise<void>
  /** Begins the operation: its deadline runs from now. Throws ClientGone if the client has left. */
  begin(): Call
}

/**
 * Why a stream or a wait must end: its client left, the gateway is stopping, or its credential no longer counts, with the error
 * that says so.
 */
export type EndReason = 'gone' | 'stopping' | GatewayError
