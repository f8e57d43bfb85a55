import type { Context, Span, SpanKind, TraceState } from '@opentelemetry/api'
import type { TracesConfig } from '../../config/schema.ts'
import { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import type { Log } from '../../core/log.ts'
import type { RequestTrace, TraceAttributes, TraceEnd, Tracer } from '../../core/tracing.ts'
import { loadPackages, type TracePackages } from './packages.ts'
import { readTraceparent, writeTraceparent } from './trace-context.ts'

/** Limit of the spans that wait for the collector. Further spans are dropped. */
const QUEUE_SPANS = 8192
const EXPORT_TIMEOUT_MS = 5000
/** Limit of the wait for the last spans at shutdown. */
const CLOSE_TIMEOUT_MS = 2000

export interface RunningTracer extends Tracer {
  /** Sends the spans that are left, as far as the collector takes them in time. */
  close(): Promise<void>
}

/** Creates a tracer that sends spans of requests as OTLP over HTTP. Throws an Error if OpenTelemetry is not installed. */
export async function openTracer(
  config: TracesConfig,
  version: string,
  log: Log,
  load: () => Promise<TracePackages> = loadPackages
): Promise<RunningTracer> {
  const packages = await load()
  const { api, sdk, resources, OTLPTraceExporter } = packages
  api.diag.setLogger(warningsOnly(log), api.DiagLogLevel.WARN)
  const exporter = new OTLPTraceExporter({
    url: config.endpoint,
    headers: config.authorization === undefined ? {} : { Authorization: config.authorization },
    timeoutMillis: EXPORT_TIMEOUT_MS
  })
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': config.serviceName, 'service.version': version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(config.samplePercent / 100) }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({ exporter, maxQueueSize: QUEUE_SPANS, exportTimeoutMillis: EXPORT_TIMEOUT_MS })
    ]
  })
  const tracer = provider.getTracer('kafka-rest-gateway', version)
  return {
    begin(method, traceparent, tracestate, startedMs) {
      const state = tracestate === undefined ? undefined : api.createTraceState(tracestate)
      const parent = parentContext(packages, traceparent, state)
      const options = { kind: api.SpanKind.SERVER, startTime: startedMs, attributes: { 'http.request.method': method } }
      const span = tracer.startSpan(method, options, parent)
      const within = api.trace.setSpan(parent, span)
      return new SpanTrace(packages, span, config.recordHeaders === 'on', (name, startTime, attributes) =>
        tracer.startSpan(name, { kind: kindOf(api, attributes), startTime, attributes }, within)
      )
    },
    async close() {
      const late = new Promise<void>(resolve => void setTimeout(resolve, CLOSE_TIMEOUT_MS).unref())
      await Promise.race([provider.shutdown().catch(() => undefined), late])
      api.diag.disable()
    }
  }
}

class SpanTrace implements RequestTrace {
  readonly traceId: string
  readonly recordHeaders: readonly (readonly [string, string])[]
  readonly #api: TracePackages['api']
  readonly #span: Span
  readonly #child: (name: string, startMs: number, attributes: TraceAttributes) => Span

  constructor(
    { api }: TracePackages,
    span: Span,
    recordHeaders: boolean,
    child: (name: string, startMs: number, attributes: TraceAttributes) => Span
  ) {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext()
    this.#api = api
    this.#span = span
    this.#child = child
    this.traceId = traceId
    const sampled = (traceFlags & api.TraceFlags.SAMPLED) !== 0
    const state = traceState?.serialize() ?? ''
    this.recordHeaders = recordHeaders
      ? [
          ['traceparent', writeTraceparent({ traceId, spanId, sampled })],
          ...(state === '' ? [] : [['tracestate', state] as const])
        ]
      : []
  }

  did(name: string, startMs: number, endMs: number, attributes: TraceAttributes, failed: boolean): void {
    if (!this.#span.isRecording()) return
    const span = this.#child(name, startMs, attributes)
    if (failed) span.setStatus({ code: this.#api.SpanStatusCode.ERROR })
    span.end(endMs)
  }

  /** Follows OpenTelemetry's semantic conventions for HTTP servers: a 4xx does not mark the span as failed. */
  end({ path, status, code }: TraceEnd): void {
    const span = this.#span
    if (path !== undefined) span.updateName(path).setAttribute('http.route', path.slice(path.indexOf(' ') + 1))
    if (status !== null) span.setAttribute('http.response.status_code', status)
    if (code !== undefined) span.setAttribute('error.type', code)
    if (status === null || status >= 500) span.setStatus({ code: this.#api.SpanStatusCode.ERROR })
    span.end()
  }
}

/** Returns CLIENT for calls of Kafka, which state their operation. */
function kindOf({ SpanKind }: TracePackages['api'], attributes: TraceAttributes): SpanKind {
  return 'messaging.operation.type' in attributes ? SpanKind.CLIENT : SpanKind.INTERNAL
}

function parentContext(
  { api }: TracePackages,
  traceparent: string | undefined,
  state: TraceState | undefined
): Context {
  const parent = readTraceparent(traceparent)
  if (parent === undefined) return api.ROOT_CONTEXT
  const { traceId, spanId, sampled } = parent
  const traceFlags = sampled ? api.TraceFlags.SAMPLED : api.TraceFlags.NONE
  const remote = { traceId, spanId, traceFlags, isRemote: true, ...(state === undefined ? {} : { traceState: state }) }
  return api.trace.setSpanContext(api.ROOT_CONTEXT, remote)
}

const ignore = () => undefined

/** Logs OpenTelemetry's warnings and errors, one a minute. */
function warningsOnly(log: Log) {
  const warnings = new RepeatedWarnings(log)
  const warn = (message: string) => warnings.warn('traces', { detail: message }, 'Traces could not be handed over')
  return { error: warn, warn, info: ignore, debug: ignore, verbose: ignore }
}
