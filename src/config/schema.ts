import { type Static, Type } from '../core/json-schema.ts'
import { auth } from './auth-schema.ts'
import { milliseconds, strict } from './fields.ts'
import { kafka } from './kafka-schema.ts'
import { limits, quotas } from './limits-schema.ts'
import { listen, management } from './listen-schema.ts'
import { traces } from './traces-schema.ts'

const metrics = Type.Object(
  {
    topics: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      default: 0,
      description: 'Topics that get counters of their own, first come first served; the others share one.'
    })
  },
  strict
)

const log = Type.Object(
  {
    level: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
      default: 'info',
      description: 'One line a request at info.'
    })
  },
  strict
)

const cors = Type.Object(
  {
    origins: Type.Array(
      Type.String({ pattern: '^https?://[^/*\\s?#@]+$', expects: 'an origin such as https://app.example' }),
      { default: [], description: 'Exact origins of the pages that may call from a browser; none unless listed.' }
    ),
    maxAgeMs: milliseconds(600_000, 'How long a browser may remember the answer to a preflight.')
  },
  strict
)

const docs = Type.Object(
  {
    page: Type.Enum(['off', 'on'], {
      default: 'off',
      description: 'Swagger UI at `/docs`, for anybody who reaches the port; calls that are tried there need a token.'
    }),
    hint: Type.Optional(Type.String({ description: 'Shown on that page: how to get a token.' }))
  },
  strict
)

const audit = Type.Object(
  {
    output: Type.Optional(
      Type.String({
        minLength: 1,
        fileUnless: 'stdout',
        description:
          '`stdout`, or the path of a file that lines are appended to; its folder must exist. No audit log is kept when left out.'
      })
    ),
    onFailure: Type.Enum(['drop', 'refuse'], {
      default: 'drop',
      description:
        'While lines cannot be written: `drop` serves requests and loses the lines beyond 4 MiB, `refuse` answers requests with 503.'
    })
  },
  strict
)

const workers = Type.Integer({
  minimum: 1,
  maximum: 64,
  default: 1,
  description: 'Processes that share the port, so that more than one core is used; 1 is a single process.'
})

/** The whole configuration: the single source of its types, its validation, its defaults and its reference page. */
export const configSchema = Type.Object(
  {
    listen,
    kafka,
    auth,
    limits,
    quotas,
    cors,
    docs,
    audit,
    log,
    management: Type.Optional(management),
    metrics,
    traces: Type.Optional(traces),
    workers
  },
  strict
)

export type Config = Static<typeof configSchema>
export type KafkaConfig = Config['kafka']
export type AuthConfig = Config['auth']
export type LimitsConfig = Config['limits']
export type DocsConfig = Config['docs']
export type TracesConfig = NonNullable<Config['traces']>
export type CorsConfig = Config['cors']
export type QuotasConfig = Config['quotas']
export type QuotaConfig = NonNullable<QuotasConfig['principal']>
