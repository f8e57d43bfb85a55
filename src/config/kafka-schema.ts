import { Type } from '../core/json-schema.ts'
import { bytes, file, milliseconds, secret, secretFile, strict } from './fields.ts'

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
    passwordFile: secretFile('password'),
    tokenUrl: Type.Optional(
      Type.String({ description: 'OAUTHBEARER: token endpoint, asked with client credentials.' })
    ),
    clientId: Type.Optional(Type.String({ description: 'OAUTHBEARER.' })),
    clientSecret: Type.Optional(secret('OAUTHBEARER.')),
    clientSecretFile: secretFile('clientSecret'),
    scope: Type.Optional(Type.String({ description: 'OAUTHBEARER.' })),
    caFile: Type.Optional(file('OAUTHBEARER: PEM certificates to trust at the token endpoint.'))
  },
  strict
)

export const kafka = Type.Object(
  {
    bootstrapServers: Type.Array(
      Type.String({ pattern: '^[^\\s:]+:\\d{1,5}$|^\\[[0-9a-fA-F:]+\\]:\\d{1,5}$', expects: 'host:port' }),
      {
        minItems: 1,
        description: 'Brokers to ask first, as host:port.'
      }
    ),
    clientId: Type.String({
      pattern: '^[^]{0,1000}$',
      expects: 'a text of at most 1000 characters',
      default: 'kafka-rest-proxy',
      description: "Name that appears in the brokers' logs and quotas."
    }),
    tls: Type.Optional(kafkaTls),
    sasl: Type.Optional(kafkaSasl),
    connectTimeoutMs: milliseconds(5_000, 'For a TCP (and TLS, SASL) connection to a broker.'),
    requestTimeoutMs: milliseconds(
      10_000,
      'For an answer from a broker. A connection on which nothing arrives for so long is given up.'
    ),
    deliveryTimeoutMs: milliseconds(
      30_000,
      'How long a batch is tried, counted from its oldest record; longer than the HTTP request.'
    ),
    metadataMaxAgeMs: milliseconds(30_000, 'Age at which topic metadata is refreshed in the background.'),
    metadataMaxTopics: Type.Integer({
      minimum: 1,
      default: 10_000,
      description: 'Topics in use whose metadata is kept and refreshed; beyond it the least recently used is forgotten.'
    }),
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
      description:
        'Reads of distinct partitions share one request on each. Reads of old records that are slow to come, as from remote storage, have up to 8 more.'
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
