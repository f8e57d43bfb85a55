import { Type } from '../core/json-schema.ts'
import { secret, strict } from './fields.ts'

export const traces = Type.Object(
  {
    endpoint: Type.String({
      pattern: '^https?://',
      expects: 'an address that starts with https:// or http://',
      description: 'Where a collector takes OTLP over HTTP, path included: `http://localhost:4318/v1/traces`.'
    }),
    samplePercent: Type.Integer({
      minimum: 0,
      maximum: 100,
      default: 10,
      description: 'Share of the traces that begin here; of others the caller has decided.'
    }),
    authorization: Type.Optional(secret('`Authorization` header for the collector, such as `Bearer …`.')),
    serviceName: Type.String({
      minLength: 1,
      default: 'kafka-rest-proxy',
      description: '`service.name` of the spans.'
    }),
    recordHeaders: Type.Enum(['off', 'on'], {
      default: 'off',
      description: 'Write `traceparent` and `tracestate` to every produced record that has none.'
    })
  },
  { ...strict, description: 'Traces of requests by OpenTelemetry. None when left out.' }
)
