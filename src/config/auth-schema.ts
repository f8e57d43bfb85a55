import { type Static, Type } from '../core/json-schema.ts'
import { file, milliseconds, secret, secretFile, strict } from './fields.ts'

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
    requiredTokenType: Type.Optional(
      Type.Enum(['at+jwt'], {
        description:
          '`at+jwt`: tokens must say in their header that they are access tokens (RFC 9068). When left out, `JWT` and none are accepted too.'
      })
    ),
    requiredScopes: Type.Optional(
      Type.Array(Type.String({ pattern: '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$', expects: 'a scope' }), {
        minItems: 1,
        description: 'Scopes that a token must have, all of them, in `scope` or `scp`; else 403.'
      })
    ),
    authorizedParties: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description:
          'Clients that tokens may have been issued to, by `azp`, `appid`, `client_id` or `cid`; others, and tokens that name none: 403.'
      })
    ),
    algorithms: Type.Array(
      Type.String({ pattern: '^(RS|PS|ES)(256|384|512)$|^EdDSA$', expects: 'an algorithm such as RS256 or ES384' }),
      {
        minItems: 1,
        default: ['RS256'],
        description: 'Accepted signature algorithms; asymmetric ones only.'
      }
    ),
    permittedGroups: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description:
          "Groups of this provider that let a caller in. With several providers each has its own list: a group's name means something within its provider only."
      })
    ),
    groupsClaims: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      default: ['groups', 'roles'],
      description:
        'Claims that hold group ids or role names for `permittedGroups`, and, less `rolesClaims`, the groups of rules. ' +
        'A path has dots (`realm_access.roles`); the value is an array of texts, or one text, which only in `scope` and `scp` is a list.'
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
    clientSecretFile: secretFile('clientSecret'),
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
    issuers: names(
      'Only callers whose tokens have one of these `iss`; empty: of any. Required with several providers; `{tenantid}` stands for each of `tenants`.'
    ),
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

/** Who is let in, and who may do what. */
export const auth = Type.Object(
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
        'Membership in any of them lets a caller in; for a single provider, with several use `auth.oidc[].permittedGroups`. ' +
        'Refused at start: no group and no `auth.rules`.'
    }),
    rules: Type.Array(rule, {
      default: [],
      description: 'Who may do what; any that grants suffices. Without a rule whoever is let in may do everything.'
    })
  },
  strict
)

export type OidcProviderConfig = Static<typeof oidcProvider>
export type RuleConfig = Static<typeof rule>
export type GraphConfig = Static<typeof graph>
