import type { Principal } from './principal.ts'

/** A logger as pino's: fields first, text last. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A finished request, for the access log. */
export interface RequestLine {
  readonly requestId: string
  /** The client's address. */
  readonly address: string | undefined
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Null if no answer was sent. */
  readonly status: number | null
  /** Code of the error, or why no answer was sent. */
  readonly code: string | undefined
  /** The caller if known, even if refused. */
  readonly principal: Principal | undefined
  /** Set if the request is traced. */
  readonly traceId: string | undefined
  readonly bytesIn: number
  readonly bytesOut: number
  readonly durationMs: number
  /** Whether the client did not take the whole answer. */
  readonly aborted: boolean
  /** Whether it is a health probe, which is logged at debug. */
  readonly isProbe: boolean
}

/** The access log. Apart from {@link Log}, because it is written for every request. */
export interface RequestLog {
  request(line: RequestLine): void
}
