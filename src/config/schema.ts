import type { FromSchema } from '../core/json-schema.ts'
import { apis } from './apis-schema.ts'
import { auth } from './auth-schema.ts'
import { consumers } from './consumers-schema.ts'
import { milliseconds } from './fields.ts'
import { kafka } from './kafka-schema.ts'
import { limits, quotas } from './limits-schema.ts'
import { listen, management } from './listen-schema.ts'
import { traces } from './traces-schema.ts'

const metrics = {
  type: 'object',
  properties: {
    topics: {
      type: 'integer',
      minimum: 0,
      maximum: 10_000,
      default: 0,
      description: 'Topics that get counters of their own, first come first served; the others share one.'
    }
  },
  additionalProperties: false
} as const

const log = {
  type: 'object',
  properties: {
    level: {
      enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace'],
      default: 'info',
      description: 'One line a request at info.'
    }
  },
  additionalProperties: false
} as const

const cors = {
  type: 'object',
  properties: {
    origins: {
      type: 'array',
      items: { type: 'string', pattern: '^https?://[^/*\\s?#@]+$', expects: 'an origin such as https://app.example' },
      default: [],
      description: 'Exact origins of the pages that may call from a browser; none unless listed.'
    },
    maxAgeMs: milliseconds(600_000, 'How long a browser may remember the answer to a preflight.')
  },
  additionalProperties: false
} as const

const docs = {
  type: 'object',
  properties: {
    page: {
      enum: ['off', 'on'],
      default: 'off',
      description: 'Swagger UI at `/docs`, for anybody who reaches the port; calls that are tried there need a token.'
    },
    hint: { type: 'string', description: 'Shown on that page: how to get a token.' }
  },
  additionalProperties: false
} as const

const audit = {
  type: 'object',
  properties: {
    output: {
      type: 'string',
      minLength: 1,
      fileUnless: 'stdout',
      description:
        '`stdout`, or the path of a file that lines are appended to; its folder must exist. No audit log is kept when left out.'
    },
    onFailure: {
      enum: ['drop', 'refuse'],
      default: 'drop',
      description:
        'While lines cannot be written: `drop` serves requests and loses the lines beyond 4 MiB, `refuse` answers requests with 503.'
    }
  },
  additionalProperties: false
} as const

const workers = {
  type: 'integer',
  minimum: 1,
  maximum: 64,
  default: 1,
  description: 'Processes that share the port, so that more than one core is used; 1 is a single process.'
} as const

/**
 * The whole configuration: the single source of its types, its validation, its defaults and its reference page. A key with a
 * default is always there once loaded, so `required` names only the others.
 */
export const configSchema = {
  type: 'object',
  required: [
    'listen',
    'apis',
    'kafka',
    'auth',
    'limits',
    'consumers',
    'quotas',
    'cors',
    'docs',
    'audit',
    'log',
    'metrics',
    'workers'
  ],
  properties: {
    listen,
    apis,
    kafka,
    auth,
    limits,
    consumers,
    quotas,
    cors,
    docs,
    audit,
    log,
    management,
    metrics,
    traces,
    workers
  },
  additionalProperties: false
} as const

export type Config = FromSchema<typeof configSchema>
export type ApisConfig = Config['apis']
export type KafkaConfig = Config['kafka']
export type AuthConfig = Config['auth']
export type LimitsConfig = Config['limits']
export type DocsConfig = Config['docs']
export type TracesConfig = NonNullable<Config['traces']>
export type CorsConfig = Config['cors']
export type QuotasConfig = Config['quotas']
export type QuotaConfig = NonNullable<QuotasConfig['principal']>
