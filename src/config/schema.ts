import { type Static, type TObject, Type } from 'typebox'

const strict = { additionalProperties: false }
const milliseconds = (defaultMs: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 86_400_000, default: defaultMs, description })
const bytes = (defaultBytes: number, description: string) =>
  Type.Integer({ minimum: 1024, maximum: 2 ** 40, default: defaultBytes, description })
const file = (description: string) => Type.String({ minLength: 1, description })
/** A value that is never printed; each is also accepted as `<name>File`. */
const secret = (description: string) => Type.String({ minLength: 1, description, secret: true })

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

const oidcProvider = Type.Object(
  {
    issuer: Type.String({
      minLength: 1,
      description: 'Exact `iss` of the tokens, and base of discovery; `{tenantid}` in it stands for each of `tenants`.'
    }),
    issuerAliases: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        "Further accepted `iss` with the same keys, such as that of the tenant's version 1 tokens; with `{tenantid}` too."
    }),
    tenants: Type.Array(
      Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', expects: 'a tenant id in lower case' }),
      { default: [], description: 'Tenants that are let in, for an issuer with `{tenantid}`; all others are refused.' }
    ),
    audience: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: 'Accepted values of `aud`, any of them.'
    }),
    jwksUri: Type.Optional(
      Type.String({ description: 'Address of the keys; found by OpenID Connect discovery when left out.' })
    ),
    caFile: Type.Optional(file('PEM certificates to trust at the provider.')),
    algorithms: Type.Array(
      Type.String({ pattern: '^(RS|PS|ES)(256|384|512)$|^EdDSA$', expects: 'an algorithm such as RS256 or ES384' }),
      {
        minItems: 1,
        default: ['RS256'],
        description: 'Accepted signature algorithms; asymmetric ones only.'
      }
    ),
    groupsClaims: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      default: ['groups', 'roles'],
      description:
        'Claims that hold group ids or role names for `auth.permittedGroups`, and, less `rolesClaims`, the groups of rules. ' +
        'A path has dots (`realm_access.roles`); the value is an array or a text with spaces.'
    }),
    rolesClaims: Type.Array(Type.String({ minLength: 1 }), {
      default: ['roles'],
      description: 'Claims that hold the roles of rules; paths too.'
    }),
    principalClaims: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      default: ['oid', 'sub'],
      description: 'Claims that name the caller, paths too; the first that the token has counts.'
    }),
    groupsFrom: Type.Optional(
      Type.Enum(['token', 'graph'], {
        description:
          '`graph`: `auth.graph` is asked about callers whose tokens carry no `groups`. When left out: for issuers of Entra ID, or of the only provider.'
      })
    ),
    clockToleranceMs: Type.Integer({
      minimum: 0,
      maximum: 300_000,
      default: 30_000,
      description: 'For `exp` and `nbf`.'
    })
  },
  strict
)

const graph = Type.Object(
  {
    baseUrl: Type.String({ default: 'https://graph.microsoft.com', description: 'Without `/v1.0`.' }),
    tokenUrl: Type.String({
      minLength: 1,
      description: "Token endpoint of the gateway's own application; `{tenantid}` stands for the caller's tenant."
    }),
    clientId: Type.String({ minLength: 1, description: "Id of the gateway's own application." }),
    clientSecret: Type.Optional(secret("Secret of the gateway's own application, or else a certificate and its key.")),
    clientCertFile: Type.Optional(file("PEM certificate of the gateway's own application, to sign assertions with.")),
    clientKeyFile: Type.Optional(file('PEM private key (RSA) of that certificate.')),
    scope: Type.Optional(Type.String({ description: '`<baseUrl>/.default` when left out.' })),
    caFile: Type.Optional(file('PEM certificates to trust at both addresses.')),
    timeoutMs: milliseconds(3_000, 'For one answer.'),
    cacheMs: milliseconds(60_000, 'How long a membership is believed.')
  },
  strict
)

const names = (description: string) => Type.Array(Type.String({ minLength: 1 }), { default: [], description })

const rule = Type.Object(
  {
    groups: names('Groups that the rule names: ids for Entra ID.'),
    roles: names('Roles that the rule names.'),
    principals: names('Callers that the rule names, by `principalClaims`.'),
    issuers: names('Only callers whose tokens have one of these `iss`; empty: of any trusted issuer.'),
    operations: Type.Array(
      Type.String({
        pattern: '^(read|write|create|delete|describe|alter)$',
        expects: 'one of read, write, create, delete, describe, alter'
      }),
      { minItems: 1, description: 'What they may do; `read`, `write`, `delete` and `alter` imply `describe`.' }
    ),
    topics: Type.Array(
      Type.String({
        pattern: '^([a-zA-Z0-9._-]{1,249}|[a-zA-Z0-9._-]{0,249}\\*)$',
        expects: 'the name of a topic, or the start of one with * at its end'
      }),
      { minItems: 1, description: 'Names, or prefixes with `*` at the end.' }
    )
  },
  strict
)

const auth = Type.Object(
  {
    mode: Type.Enum(['oidc', 'none'], {
      default: 'oidc',
      description: '`none` lets everyone in who can reach the port, and says so at start.'
    }),
    oidc: Type.Array(oidcProvider, { default: [], description: 'Trusted token issuers.' }),
    graph: Type.Optional(graph),
    permittedGroups: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Membership in any of them lets a caller in. Empty with authentication on and no `auth.rules`: refused at start.'
    }),
    rules: Type.Array(rule, {
      default: [],
      description: 'Who may do what; any that grants suffices. Without a rule whoever is let in may do everything.'
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

/** The whole configuration: the single source of its types, its validation, its defaults and its reference page. */
export const configSchema = Type.Object({ listen, kafka, auth, limits, quotas, audit, log }, strict) satisfies TObject

export type Config = Static<typeof configSchema>
export type KafkaConfig = Config['kafka']
export type AuthConfig = Config['auth']
export type LimitsConfig = Config['limits']
export type QuotasConfig = Config['quotas']
export type QuotaConfig = NonNullable<QuotasConfig['principal']>
export type OidcProviderConfig = Static<typeof oidcProvider>
export type RuleConfig = Static<typeof rule>
export type GraphConfig = Static<typeof graph>
