/** What becomes of a request, for its span. */
export interface TraceEnd {
  /** Of the route; undefined where none was found. */
  readonly path: string | undefined
  readonly status: number | null
  /** Of the error that was answered. */
  readonly code: string | undefined
}

export type TraceAttributes = Readonly<Record<string, string | number>>

/** One request as part of a distributed trace (W3C Trace Context). All times are those of `performance.now()`. */
export interface RequestTrace {
  readonly traceId: string
  /** Name and value of the headers that a record of the request is to carry; none unless the configuration wants them. */
  readonly recordHeaders: readonly (readonly [string, string])[]
  /** Something was done for the request: a span of its own. */
  did(name: string, startMs: number, endMs: number, attributes: TraceAttributes, failed: boolean): void
  end(outcome: TraceEnd): void
}

/** Begins the span of a request, within the trace that its headers name, or a new one. */
export interface Tracer {
  begin(
    method: string,
    traceparent: string | undefined,
    tracestate: string | undefined,
    startedMs: number
  ): RequestTrace
}
