import { secret } from './fields.ts'

export const traces = {
  type: 'object',
  required: ['endpoint'],
  properties: {
    endpoint: {
      type: 'string',
      pattern: '^https?://',
      expects: 'an address that starts with https:// or http://',
      description: 'Where a collector takes OTLP over HTTP, path included: `http://localhost:4318/v1/traces`.'
    },
    samplePercent: {
      type: 'integer',
      minimum: 0,
      maximum: 100,
      default: 10,
      description: 'Share of the traces that begin here; of others the caller has decided.'
    },
    authorization: secret('`Authorization` header for the collector, such as `Bearer …`.'),
    serviceName: {
      type: 'string',
      minLength: 1,
      default: 'kafka-rest-proxy',
      description: '`service.name` of the spans.'
    },
    recordHeaders: {
      enum: ['off', 'on'],
      default: 'off',
      description: 'Write `traceparent` and `tracestate` to every produced record that has none.'
    }
  },
  additionalProperties: false,
  description: 'Traces of requests by OpenTelemetry. None when left out.'
} as const
