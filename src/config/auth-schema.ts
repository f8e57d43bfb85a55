import type { FromSchema } from '../core/json-schema.ts'
import { apiKeys, basic, certificates } from './callers-schema.ts'
import { file, milliseconds, secret, secretFile } from './fields.ts'

const oidcProvider = {
  type: 'object',
  required: ['issuer', 'audience'],
  properties: {
    issuer: {
      type: 'string',
      minLength: 1,
      description: 'Exact `iss` of the tokens, and base of discovery; `{tenantid}` in it stands for each of `tenants`.'
    },
    issuerAliases: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description:
        "Further accepted `iss` with the same keys, such as that of the tenant's version 1 tokens; with `{tenantid}` too."
    },
    tenants: {
      type: 'array',
      items: {
        type: 'string',
        pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
        expects: 'a tenant id in lower case'
      },
      default: [],
      description: 'Tenants that are let in, for an issuer with `{tenantid}`; all others are refused.'
    },
    audience: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      minItems: 1,
      description: 'Accepted values of `aud`, any of them.'
    },
    jwksUri: { type: 'string', description: 'Address of the keys; found by OpenID Connect discovery when left out.' },
    caFile: file('PEM certificates to trust at the provider.'),
    requiredTokenType: {
      enum: ['at+jwt'],
      description:
        '`at+jwt`: tokens must say in their header that they are access tokens (RFC 9068). When left out, `JWT` and none are accepted too.'
    },
    requiredScopes: {
      type: 'array',
      items: { type: 'string', pattern: '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$', expects: 'a scope' },
      minItems: 1,
      description: 'Scopes that a token must have, all of them, in `scope` or `scp`; else 403.'
    },
    authorizedParties: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      minItems: 1,
      description:
        'Clients that tokens may have been issued to, by `azp`, `appid`, `client_id` or `cid`; others, and tokens that name none: 403.'
    },
    algorithms: {
      type: 'array',
      items: {
        type: 'string',
        pattern: '^(RS|PS|ES)(256|384|512)$|^EdDSA$',
        expects: 'an algorithm such as RS256 or ES384'
      },
      minItems: 1,
      default: ['RS256'],
      description: 'Accepted signature algorithms; asymmetric ones only.'
    },
    permittedGroups: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description:
        "Groups of this provider that let a caller in. With several providers each has its own list: a group's name means something within its provider only."
    },
    groupsClaims: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      minItems: 1,
      default: ['groups', 'roles'],
      description:
        'Claims that hold group ids or role names for `permittedGroups`, and, less `rolesClaims`, the groups of rules. ' +
        'A path has dots (`realm_access.roles`); the value is an array of texts, or one text, which only in `scope` and `scp` is a list.'
    },
    rolesClaims: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: ['roles'],
      description: 'Claims that hold the roles of rules; paths too.'
    },
    principalClaims: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      minItems: 1,
      default: ['oid', 'sub'],
      description: 'Claims that name the caller, paths too; the first that the token has counts.'
    },
    dpop: {
      enum: ['off', 'accept', 'require'],
      default: 'off',
      description:
        'Tokens that are bound to a key of their client (DPoP, RFC 9449): taken with their proof, or the only ones that are. Needs `auth.dpopSecret` and `apis.publicUrl`.'
    },
    perTokenClaims: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description:
        'With `kafka.tokenAudience`: claims that differ in each token of one caller, beside `exp`, `iat`, `nbf`, `jti`, `auth_time` and, at Entra ID, `aio`, `uti`, `rh`. Tokens that differ in others are different identities in Kafka.'
    },
    groupsFrom: {
      enum: ['token', 'graph'],
      description:
        '`graph`: `auth.graph` is asked about callers whose tokens carry no `groups`. When left out: for issuers of Entra ID, or of the only provider.'
    },
    clockToleranceMs: {
      type: 'integer',
      minimum: 0,
      maximum: 300_000,
      default: 30_000,
      description: 'For `exp` and `nbf`.'
    }
  },
  additionalProperties: false
} as const

const graph = {
  type: 'object',
  required: ['tokenUrl', 'clientId'],
  properties: {
    baseUrl: { type: 'string', default: 'https://graph.microsoft.com', description: 'Without `/v1.0`.' },
    tokenUrl: {
      type: 'string',
      minLength: 1,
      description: "Token endpoint of the gateway's own application; `{tenantid}` stands for the caller's tenant."
    },
    clientId: { type: 'string', minLength: 1, description: "Id of the gateway's own application." },
    clientSecret: secret("Secret of the gateway's own application, or else a certificate and its key."),
    clientSecretFile: secretFile('clientSecret'),
    clientCertFile: file("PEM certificate of the gateway's own application, to sign assertions with."),
    clientKeyFile: file('PEM private key (RSA) of that certificate.'),
    scope: { type: 'string', description: '`<baseUrl>/.default` when left out.' },
    caFile: file('PEM certificates to trust at both addresses.'),
    timeoutMs: milliseconds(3_000, 'For one answer.'),
    cacheMs: milliseconds(60_000, 'How long a membership is believed.')
  },
  additionalProperties: false
} as const

const names = (description: string) =>
  ({ type: 'array', items: { type: 'string', minLength: 1 }, default: [], description }) as const

const rule = {
  type: 'object',
  required: ['operations'],
  properties: {
    groups: names('Groups that the rule names: ids for Entra ID.'),
    roles: names('Roles that the rule names.'),
    principals: names('Callers that the rule names, by `principalClaims`.'),
    issuers: names(
      'Only callers whose tokens have one of these `iss`; empty: of any. Required with several providers; `{tenantid}` stands for each of `tenants`. ' +
        '`apikey` stands for callers with API keys, `basic` for those with passwords, `certificate` for those with certificates: only rules that name these are about them.'
    ),
    operations: {
      type: 'array',
      items: {
        type: 'string',
        pattern: '^(read|write|create|delete|describe|alter)$',
        expects: 'one of read, write, create, delete, describe, alter'
      },
      minItems: 1,
      description: 'What they may do; `read`, `write`, `delete` and `alter` imply `describe`.'
    },
    topics: {
      type: 'array',
      items: {
        type: 'string',
        pattern: '^([a-zA-Z0-9._-]{1,249}|[a-zA-Z0-9._-]{0,249}\\*)$',
        expects: 'the name of a topic, or the start of one with * at its end'
      },
      default: [],
      description: 'Names, or prefixes with `*` at the end.'
    },
    consumerGroups: {
      type: 'array',
      items: {
        type: 'string',
        pattern: '^([a-zA-Z0-9._-]{1,249}|[a-zA-Z0-9._-]{0,249}\\*)$',
        expects: 'the name of a consumer group, or the start of one with * at its end'
      },
      default: [],
      description: 'The same for consumer groups: `read` to join and to commit, `describe`, `delete`.'
    }
  },
  additionalProperties: false
} as const

/** Who is let in, and who may do what. */
export const auth = {
  type: 'object',
  properties: {
    mode: {
      enum: ['on', 'oidc', 'none'],
      default: 'on',
      description:
        '`none` lets everyone in who can reach the port, and says so at start. `oidc` is the old name of `on`.'
    },
    oidc: { type: 'array', items: oidcProvider, default: [], description: 'Trusted token issuers.' },
    graph: graph,
    apiKeys,
    basic,
    certificates,
    dpopSecret: secret(
      'Makes the nonces of proofs of possession: 32 random bytes or more in text, the same on all gateways.'
    ),
    dpopSecretFile: secretFile('dpopSecret'),
    permittedGroups: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description:
        'Membership in any of them lets a caller in; for a single provider, with several use `auth.oidc[].permittedGroups`. ' +
        'Refused at start: no group and no `auth.rules`.'
    },
    rules: {
      type: 'array',
      items: rule,
      default: [],
      description: 'Who may do what; any that grants suffices. Without a rule whoever is let in may do everything.'
    }
  },
  additionalProperties: false
} as const

export type OidcProviderConfig = FromSchema<typeof oidcProvider>
export type RuleConfig = FromSchema<typeof rule>
export type GraphConfig = FromSchema<typeof graph>
