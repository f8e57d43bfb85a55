import { bytes, file, milliseconds, secret, secretFile } from './fields.ts'

const kafkaTls = {
  type: 'object',
  properties: {
    caFile: file("PEM certificates to trust; the system's when left out."),
    certFile: file('PEM client certificate, for mutual TLS.'),
    keyFile: file('PEM private key of the client certificate.')
  },
  additionalProperties: false,
  description: "TLS to the brokers; `{}`: with the system's certificates and none of our own."
} as const

const kafkaSasl = {
  type: 'object',
  required: ['mechanism'],
  properties: {
    mechanism: {
      enum: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'],
      description: 'How the gateway authenticates to the brokers.'
    },
    username: { type: 'string', minLength: 1, description: 'PLAIN and SCRAM.' },
    password: secret('PLAIN and SCRAM.'),
    passwordFile: secretFile('password'),
    tokenUrl: { type: 'string', description: 'OAUTHBEARER: token endpoint, asked with client credentials.' },
    clientId: { type: 'string', description: 'OAUTHBEARER.' },
    clientSecret: secret('OAUTHBEARER.'),
    clientSecretFile: secretFile('clientSecret'),
    scope: { type: 'string', description: 'OAUTHBEARER.' },
    caFile: file('OAUTHBEARER: PEM certificates to trust at the token endpoint.')
  },
  additionalProperties: false
} as const

const names = (description: string) =>
  ({ type: 'array', items: { type: 'string', minLength: 1 }, default: [], description }) as const

const credentials = {
  type: 'object',
  required: ['name', 'mechanism', 'username', 'passwordFile'],
  properties: {
    name: { type: 'string', minLength: 1, description: 'As `kafka.identityMap` and API keys name it.' },
    mechanism: { enum: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'], description: 'How they are shown to the brokers.' },
    username: { type: 'string', minLength: 1, description: 'A user of Kafka.' },
    passwordFile: file('Its password. Read again whenever it is shown.')
  },
  additionalProperties: false
} as const

const mapped = {
  type: 'object',
  required: ['credentials'],
  properties: {
    issuers: names(
      'Whose callers are meant: an exact `iss`, `apikey`, `basic` or `certificate`; empty: those of any token.'
    ),
    groups: names('Groups whose members are meant.'),
    principals: names('Callers that are meant, by name.'),
    credentials: { type: 'string', minLength: 1, description: 'Name of one of `kafka.credentials`.' }
  },
  additionalProperties: false
} as const

const identities = {
  type: 'object',
  properties: {
    believeMs: milliseconds(
      300_000,
      'What Kafka has accepted is not shown to it again for so long: a password that was changed there works for so long here.'
    ),
    idleMs: milliseconds(300_000, 'An identity that nobody uses for so long is let go, with its connections.'),
    most: {
      type: 'integer',
      minimum: 1,
      maximum: 100_000,
      default: 500,
      description: 'Identities of a process; the one idle for longest makes room, and if none is idle callers get 503.'
    },
    share: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 25,
      description:
        'Percent that one identity may have of `limits.inFlightBytes`, `limits.streams`, `consumers.instances`, `consumers.waits` and `kafka.fetchCacheBytes`.'
    }
  },
  additionalProperties: false
} as const

export const kafka = {
  type: 'object',
  required: ['bootstrapServers', 'identities'],
  properties: {
    bootstrapServers: {
      type: 'array',
      items: { type: 'string', pattern: '^[^\\s:]+:\\d{1,5}$|^\\[[0-9a-fA-F:]+\\]:\\d{1,5}$', expects: 'host:port' },
      minItems: 1,
      description: 'Brokers to ask first, as host:port.'
    },
    clientId: {
      type: 'string',
      pattern: '^[^]{0,1000}$',
      expects: 'a text of at most 1000 characters',
      default: 'kafka-rest-proxy',
      description: "Name that appears in the brokers' logs and quotas."
    },
    tls: kafkaTls,
    sasl: kafkaSasl,
    identity: {
      enum: ['gateway', 'caller'],
      default: 'gateway',
      description:
        "As whom Kafka is asked: by `sasl` and `tls` for all callers, or as each caller, so that Kafka's own ACLs decide."
    },
    callerMechanism: {
      enum: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
      description:
        "How a caller's user name and password (Basic) are shown to Kafka, with `identity: caller`; not while `auth.basic` judges them."
    },
    tokenAudience: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description:
        'Tokens for one of these audiences are shown to Kafka (OAUTHBEARER) for their callers, with `identity: caller`; Kafka must accept them too.'
    },
    credentials: {
      type: 'array',
      items: credentials,
      default: [],
      description:
        'Users of Kafka for callers who bring nothing that Kafka could judge, with `identity: caller`: those with API keys, certificates, users of `auth.basic`, and other tokens.'
    },
    identityMap: {
      type: 'array',
      items: mapped,
      default: [],
      description: 'Which of `credentials` such a caller gets; the first entry that names them counts.'
    },
    identities,
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
    metadataMaxTopics: {
      type: 'integer',
      minimum: 1,
      default: 10_000,
      description: 'Topics in use whose metadata is kept and refreshed; beyond it the least recently used is forgotten.'
    },
    produceConnectionsPerBroker: {
      type: 'integer',
      minimum: 1,
      maximum: 64,
      default: 4,
      description: 'Partitions with the same replicas share one; others are not held up by a slow follower of these.'
    },
    fetchConnectionsPerBroker: {
      type: 'integer',
      minimum: 1,
      maximum: 64,
      default: 2,
      description:
        'Reads of distinct partitions share one request on each. Reads of old records that are slow to come, as from remote storage, have up to 8 more.'
    },
    fetchCacheBytes: {
      type: 'integer',
      minimum: 0,
      default: 48 * 1024 * 1024,
      description: 'Batches of which a page took a part, kept for others; let go of when nobody reads; 0 keeps none.'
    },
    batchBytes: bytes(
      131_072,
      'Size at which a merged record batch is closed; large batches make small reads dear for everyone.'
    ),
    compression: {
      enum: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
      default: 'none',
      description: 'How record batches are compressed on the way to Kafka.'
    }
  },
  additionalProperties: false
} as const
