/** The end of a request, for its span. */
export interface TraceEnd {
  /** Method and path of the route; undefined if none was found. */
  readonly path: string | undefined
  readonly status: number | null
  /** Code of the error, if one was answered. */
  readonly code: string | undefined
}

export type TraceAttributes = Readonly<Record<string, string | number>>

/** One request as part of a distributed trace (W3C Trace Context). All times are those of `performance.now()`. */
export interface RequestTrace {
  readonly traceId: string
  /** Headers to add to the request's records, as names and values; empty unless configured. */
  readonly recordHeaders: readonly (readonly [string, string])[]
  /** Adds a child span for a step of the request. */
  did(name: string, startMs: number, endMs: number, attributes: TraceAttributes, failed: boolean): void
  end(outcome: TraceEnd): void
}

/** Begins the span of a request, in the trace that its headers name or in a new one. */
export interface Tracer {
  begin(
    method: string,
    traceparent: string | undefined,
    tracestate: string | undefined,
    startedMs: number
  ): RequestTrace
}
