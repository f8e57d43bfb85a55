import type { FromSchema } from '../core/json-schema.ts'
import { file, NETWORK } from './fields.ts'

export const apiKeys = {
  type: 'object',
  required: ['file'],
  properties: {
    file: file('Keys, one a line; `kafka-rest-gateway key` edits it. Read again when it changes.')
  },
  additionalProperties: false,
  description: 'Lets callers in by API keys. None when left out.'
} as const

export const basic = {
  type: 'object',
  required: ['file'],
  properties: {
    file: file('Users, one a line; `kafka-rest-gateway user` edits it. Read again when it changes.'),
    waiting: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 64,
      description: 'Passwords that may wait to be verified, 4 of them from one address; beyond that callers get 503.'
    }
  },
  additionalProperties: false,
  description: 'Lets callers in by user name and password (Basic). None when left out.'
} as const

export const certificates = {
  type: 'object',
  properties: {
    name: {
      enum: ['subject', 'san.uri', 'san.dns', 'san.email'],
      default: 'subject',
      description:
        'What names the caller: the subject as Java writes it (RFC 2253), or the one alternative name of a kind.'
    },
    mappingRules: {
      type: 'array',
      items: { type: 'string', minLength: 1, maxLength: 1024 },
      minItems: 1,
      default: ['DEFAULT'],
      description:
        'How that becomes a principal, in the form of `ssl.principal.mapping.rules` of Kafka: `RULE:pattern/replacement/[LU]` or `DEFAULT`, one an entry. The first that matches counts.'
    },
    header: {
      enum: ['off', 'rfc9440', 'pem-urlencoded'],
      default: 'off',
      description:
        'How a proxy that ends TLS passes the certificate of its client on: as RFC 9440 says, or as PEM with escapes (`$ssl_client_escaped_cert` of nginx).'
    },
    headerName: {
      type: 'string',
      pattern: '^[A-Za-z0-9-]{1,64}$',
      expects: 'the name of a header field',
      default: 'Client-Cert',
      description: 'The field that it is in.'
    },
    headerFrom: {
      type: 'array',
      items: NETWORK,
      default: [],
      description: 'Networks of those proxies; the field of all others is ignored.'
    },
    headerProxies: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description:
        'Subjects (RFC 2253) of the certificates that those proxies connect with. Needed for every proxy that is not on this machine.'
    }
  },
  additionalProperties: false,
  description: 'Lets callers in by client certificates (`listen.tls.clientAuth`). None when left out.'
} as const

export type CertificatesConfig = FromSchema<typeof certificates>
