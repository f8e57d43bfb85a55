import type { Principal } from './principal.ts'

/** What the layers need of a logger; pino's fits. The object comes first, the text last. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** One request that has ended, as the access log tells of it. */
export interface RequestLine {
  readonly requestId: string
  /** Where the connection comes from. */
  readonly address: string | undefined
  readonly method: string
  /** Without its query. */
  readonly path: string
  /** Null if no answer was begun. */
  readonly status: number | null
  /** Of the error, or why no answer was begun. */
  readonly code: string | undefined
  /** The caller, if known, let in or not. */
  readonly principal: Principal | undefined
  /** Where requests are traced. */
  readonly traceId: string | undefined
  readonly bytesIn: number
  readonly bytesOut: number
  readonly durationMs: number
  /** The client did not take the whole answer. */
  readonly aborted: boolean
  /** A health probe: logged at debug. */
  readonly isProbe: boolean
}

/** The access log has a way of its own: it is the only one that is written for every request. */
export interface RequestLog {
  request(line: RequestLine): void
}
