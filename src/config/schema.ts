import { type Static, Type } from '../core/json-schema.ts'
import { auth } from './auth-schema.ts'
import { bytes, file, milliseconds, secret, strict } from './fields.ts'
import { traces } from './traces-schema.ts'

const listen = Type.Object(
  {
    host: Type.String({ minLength: 1, default: '0.0.0.0', description: 'Address to listen on.' }),
    port: Type.Integer({
      minimum: 0,
      maximum: 65535,
      default: 9400,
      description: 'Port to listen on; 0 takes a free one.'
    }),
    tls: Type.Union(
      [
        Type.Literal('none'),
        Type.Object(
          {
            certFile: file('PEM certificate chain of the server.'),
            keyFile: file('PEM private key of the certificate.')
          },
          strict
        )
      ],
      { description: 'Certificate and key, or the word `none` for plain HTTP. There is no default.' }
    )
  },
  strict
)

const management = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address to listen on; beyond this machine only with `management.token`.'
    }),
    port: Type.Integer({ minimum: 0, maximum: 65535, description: 'Port to listen on; 0 takes a free one.' }),
    token: Type.Optional(secret('Bearer token for all but health; without it whoever reaches the port is let in.')),
    tls: Type.Optional(
      Type.Object(
        {
          certFile: file('PEM certificate chain of the listener.'),
          keyFile: file('PEM private key of the certificate.')
        },
        { ...strict, description: 'Plain HTTP when left out.' }
      )
    )
  },
  { ...strict, description: 'A listener for operators: metrics, health in detail, log level. None when left out.' }
)

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

const kafkaTls = Type.Object(
  {
    caFile: Type.Optional(file("PEM certificates to trust; the system's when left out.")),
    certFile: Type.Optional(file('PEM client certificate, for mutual TLS.')),
    keyFile: Type.Optional(file('PEM private key of the client certificate.'))
  },
  { ...strict, description: "TLS to the brokers; `{}`: with the system's certificates and none of our own." }
)

const kafkaSasl = Type.Object(
  {
    mechanism: Type.Enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'], {
      description: 'How the gateway authenticates to the brokers.'
    }),
    username: Type.Optional(Type.String({ minLength: 1, description: 'PLAIN and SCRAM.' })),
    password: Type.Optional(secret('PLAIN and SCRAM.')),
    tokenUrl: Type.Optional(
      Type.String({ description: 'OAUTHBEARER: token endpoint, asked with client credentials.' })
    ),
    clientId: Type.Optional(Type.String({ description: 'OAUTHBEARER.' })),
    clientSecret: Type.Optional(secret('OAUTHBEARER.')),
    scope: Type.Optional(Type.String({ description: 'OAUTHBEARER.' })),
    caFile: Type.Optional(file('OAUTHBEARER: PEM certificates to trust at the token endpoint.'))
  },
  strict
)

const kafka = Type.Object(
  {
    bootstrapServers: Type.Array(
      Type.String({ pattern: '^[^\\s:]+:\\d{1,5}$|^\\[[0-9a-fA-F:]+\\]:\\d{1,5}$', expects: 'host:port' }),
      {
        minItems: 1,
        description: 'Brokers to ask first, as host:port.'
      }
    ),
    clientId: Type.String({
      default: 'kafka-rest-proxy',
      description: "Name that appears in the brokers' logs and quotas."
    }),
    tls: Type.Optional(kafkaTls),
    sasl: Type.Optional(kafkaSasl),
    connectTimeoutMs: milliseconds(5_000, 'For a TCP (and TLS, SASL) connection to a broker.'),
    requestTimeoutMs: milliseconds(10_000, 'For an answer from a broker, after which the connection is given up.'),
    deliveryTimeoutMs: milliseconds(
      30_000,
      'How long a batch is tried, counted from its oldest record; longer than the HTTP request.'
    ),
    metadataMaxAgeMs: milliseconds(30_000, 'Age at which topic metadata is refreshed in the background.'),
    produceConnectionsPerBroker: Type.Integer({
      minimum: 1,
      maximum: 64,
      default: 4,
      description: 'Partitions with the same replicas share one; others are not held up by a slow follower of these.'
    }),
    fetchConnectionsPerBroker: Type.Integer({
      minimum: 1,
      maximum: 64,
      default: 2,
      description: 'Reads of distinct partitions share one request on each.'
    }),
    fetchCacheBytes: Type.Integer({
      minimum: 0,
      default: 48 * 1024 * 1024,
      description: 'Batches of which a page took a part, kept for others; let go of when nobody reads; 0 keeps none.'
    }),
    batchBytes: bytes(
      131_072,
      'Size at which a merged record batch is closed; large batches make small reads dear for everyone.'
    ),
    compression: Type.Enum(['none', 'gzip', 'snappy', 'lz4', 'zstd'], {
      default: 'none',
      description: 'How record batches are compressed on the way to Kafka.'
    })
  },
  strict
)

const limits = Type.Object(
  {
    bodyBytes: bytes(16 * 1024 * 1024, 'Request body.'),
    recordsPerRequest: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 100_000,
      description: 'Records in one produce request.'
    }),
    jsonDepth: Type.Integer({ minimum: 1, maximum: 10_000, default: 512, description: 'Nesting of a JSON body.' }),
    inFlightBytes: bytes(
      256 * 1024 * 1024,
      'Bodies being read, batches on their way and answers not yet taken, in the whole process.'
    ),
    connections: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 20_000,
      description: 'Open client connections.'
    }),
    headerBytes: Type.Integer({
      minimum: 1024,
      maximum: 1_048_576,
      default: 32_768,
      description: 'Request line and header fields.'
    }),
    requestTimeoutMs: milliseconds(8_000, 'From the complete request to its answer.'),
    headersTimeoutMs: milliseconds(10_000, 'For request line and header fields to arrive.'),
    bodyTimeoutMs: milliseconds(30_000, 'For the whole request to arrive.'),
    writeTimeoutMs: milliseconds(30_000, 'A client that takes no byte of its answer for so long is cut off.'),
    keepAliveTimeoutMs: milliseconds(75_000, 'An idle connection is kept so long.'),
    shutdownGraceMs: milliseconds(30_000, 'For accepted requests to end after SIGTERM.')
  },
  strict
)

const rate = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 2 ** 40, description: `${description} No limit when left out.` }))
const quotaMembers = {
  requestsPerSecond: rate('Requests.'),
  recordsPerSecond: rate('Records, written and read.'),
  bytesPerSecond: rate('Bytes of bodies of produce requests, uncompressed, and of keys and values that are read.'),
  concurrentRequests: rate('Requests under way at a time.'),
  burstSeconds: Type.Integer({
    minimum: 1,
    maximum: 3600,
    default: 1,
    description: 'Who was quiet may use as much at once as these seconds would have given.'
  })
}

const quotas = Type.Object(
  {
    principal: Type.Optional(Type.Object(quotaMembers, { ...strict, description: 'For each caller.' })),
    overrides: Type.Array(
      Type.Object(
        {
          principal: Type.String({ minLength: 1, description: 'Id of the caller, as in the log.' }),
          issuer: Type.Optional(Type.String({ description: 'Of the token; any when left out.' })),
          ...quotaMembers
        },
        strict
      ),
      { default: [], description: 'In place of `quotas.principal`, for single callers; the first that fits.' }
    ),
    listener: Type.Optional(Type.Object(quotaMembers, { ...strict, description: 'For all callers together.' })),
    connectionsPerAddress: rate('Open connections from one address; a proxy in front is one address.'),
    principalsRemembered: Type.Integer({
      minimum: 1,
      maximum: 10_000_000,
      default: 100_000,
      description: 'Beyond it, who has not called for longest starts afresh.'
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
        description: '`stdout`, or a path that lines are appended to; no audit log is kept when left out.'
      })
    )
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
