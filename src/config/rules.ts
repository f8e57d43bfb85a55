import { isGuid } from '../core/lib/guid.ts'
import type { GraphConfig, OidcProviderConfig, RuleConfig } from './auth-schema.ts'
import { callerRules, isLeftToKafka, isLoopback } from './caller-rules.ts'
import { isReservedIssuer, issuersNamed, issuersOf, otherIssuers, TENANT_PLACE } from './issuers.ts'
import { listenRules } from './listen-rules.ts'
import { object, type Objection, type Rule } from './rule.ts'
import type { AuthConfig, Config, KafkaConfig } from './schema.ts'

const SASL_NEEDS = {
  PLAIN: ['username', 'password'],
  'SCRAM-SHA-256': ['username', 'password'],
  'SCRAM-SHA-512': ['username', 'password'],
  OAUTHBEARER: ['tokenUrl', 'clientId', 'clientSecret']
} as const

const SASL_ALLOWS: Readonly<Record<string, readonly string[]>> = { OAUTHBEARER: ['scope', 'caFile'] }

const saslMembers = (sasl: KafkaConfig['sasl']): Objection[] => {
  if (sasl === undefined) return []
  const { mechanism, ...given } = sasl
  const needed: readonly string[] = SASL_NEEDS[mechanism]
  const allowed = new Set([...needed, ...(SASL_ALLOWS[mechanism] ?? [])])
  const missing = needed.filter(name => !Object.hasOwn(given, name))
  const holds = (name: string) => name.endsWith('File') && Object.hasOwn(given, name.slice(0, -'File'.length))
  const excess = Object.keys(given).filter(name => !allowed.has(name) && !holds(name))
  return [
    ...missing.map(name => object(`kafka.sasl.${name}`, `is missing; ${mechanism} needs it`)),
    ...excess.map(name => object(`kafka.sasl.${name}`, `has no meaning for ${mechanism}`))
  ]
}

/** Checks an address that the gateway sends secrets to or gets keys from: HTTPS, or loopback. */
const address = (path: string, text: string | undefined): Objection[] => {
  if (text === undefined) return []
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    return [object(path, 'must be an absolute URL that starts with https://')]
  if (url.username !== '' || url.password !== '') return [object(path, 'must not contain a user name or password')]
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return [object(path, 'must start with https://; http:// is accepted for loopback addresses only')]
  }
  return []
}

/** Allows plain HTTP, common within a cluster, unless the gateway's secret would go with the spans. */
const tracesEndpoint = ({ traces }: Config): Objection[] => {
  if (traces === undefined) return []
  const path = 'traces.endpoint'
  const url = URL.parse(traces.endpoint)
  if (url === null) return [object(path, 'must be an absolute URL that starts with https:// or http://')]
  if (url.username !== '' || url.password !== '')
    return [object(path, 'must not contain a user name or password; traces.authorization takes them')]
  if (url.protocol === 'https:' || traces.authorization === undefined || isLoopback(url.hostname)) return []
  return [object(path, 'must start with https://: traces.authorization would travel in the clear')]
}

const bootstrapPorts = (servers: readonly string[]): Objection[] =>
  servers.flatMap((server, index) => {
    const port = Number(server.slice(server.lastIndexOf(':') + 1))
    return port >= 1 && port <= 65_535
      ? []
      : [object(`kafka.bootstrapServers[${index}]`, 'must end in a port from 1 to 65535')]
  })

const providers = (oidc: readonly OidcProviderConfig[]): Objection[] =>
  oidc.flatMap((provider, index) => {
    const path = `auth.oidc[${index}]`
    const own = issuersOf(provider)
    const twin = oidc.findIndex(other => issuersOf(other).some(issuer => own.includes(issuer)))
    return [
      ...(own.some(isReservedIssuer) ? [object(`${path}.issuer`, 'is a name that callers without tokens have')] : []),
      ...(twin >= 0 && twin < index ? [object(`${path}.issuer`, `is that of auth.oidc[${twin}] already`)] : []),
      ...tenantList(provider, path),
      ...(provider.jwksUri === undefined
        ? address(`${path}.issuer`, provider.issuer)
        : address(`${path}.jwksUri`, provider.jwksUri))
    ]
  })

const tenantList = ({ issuer, issuerAliases, tenants }: OidcProviderConfig, path: string): Objection[] => {
  const isTemplate = [issuer, ...issuerAliases].some(text => text.includes(TENANT_PLACE))
  if (isTemplate && tenants.length === 0)
    return [object(`${path}.tenants`, `is missing; an issuer with ${TENANT_PLACE} would let in nobody`)]
  return isTemplate || tenants.length === 0
    ? []
    : [object(`${path}.tenants`, `has no meaning for an issuer without ${TENANT_PLACE}`)]
}

const someAuthentication = (config: Config): Objection[] => {
  const { auth } = config
  if (auth.mode === 'none') return []
  if (auth.oidc.length > 0 || otherIssuers(config).length > 0) return []
  const text =
    'names no trusted issuer, and without one nobody could be authenticated; ' +
    'to let in everyone who can reach the port, say so in so many words: auth.mode: none'
  return [object('auth.oidc', text)]
}

const groupsOf = ({ oidc, permittedGroups }: AuthConfig): string[] => [
  ...permittedGroups,
  ...oidc.flatMap(provider => provider.permittedGroups ?? [])
]

const someGroup = (config: Config): Objection[] =>
  config.auth.mode === 'none' ||
  groupsOf(config.auth).length > 0 ||
  config.auth.rules.length > 0 ||
  isLeftToKafka(config)
    ? []
    : [
        object(
          'auth.permittedGroups',
          'is empty, and membership in one of them is what lets a caller in; name at least one, or write auth.rules'
        )
      ]

/** Refuses shared groups with several providers: whoever may create a group at one must not get the rights of the other's. */
const groupsWithinProvider = ({ auth: { oidc, permittedGroups } }: Config): Objection[] =>
  oidc.length < 2 || permittedGroups.length === 0
    ? []
    : [
        object(
          'auth.permittedGroups',
          `would let in members of a group of that name at any of the ${oidc.length} providers; ` +
            `list the groups of each provider under it instead: ${oidc.map((_, index) => `auth.oidc[${index}].permittedGroups`).join(', ')}`
        )
      ]

const rulesWithinIssuer = (config: Config): Objection[] => {
  const { oidc, rules: granting } = config.auth
  const others = otherIssuers(config)
  return granting.flatMap(({ issuers }, index) => {
    const path = `auth.rules[${index}]`
    if (issuers.length === 0 && oidc.length > 1) {
      const text =
        `${path}.issuers is missing: with ${oidc.length} providers a rule says whose callers it names; ` +
        `add issuers: ['${oidc[0].issuer}'], or that of another provider`
      return [{ path, text }]
    }
    const trusted = [...oidc.flatMap(issuersOf), ...others]
    if (trusted.length === 0) return []
    const strange = issuers.filter(issuer => !others.includes(issuer) && issuersNamed(issuer, oidc).length === 0)
    return strange.map(issuer => notTrusted(`${path}.issuers`, issuer, trusted))
  })
}

/** Refuses a scheme whose callers no rule names: `permittedGroups`, and rules without `issuers`, are about tokens. */
const rulesForOthers = (config: Config): Objection[] =>
  (config.auth.mode === 'none' || isLeftToKafka(config) ? [] : otherIssuers(config))
    .filter(issuer => !config.auth.rules.some(({ issuers }) => issuers.includes(issuer)))
    .map(issuer =>
      object(
        'auth.rules',
        `has no rule with issuers: [${issuer}], and only such a rule lets callers in who come without a token`
      )
    )

/** A proof is about an address and a nonce, which all gateways must agree on. */
const proofs = ({ auth: { oidc, dpopSecret }, apis: { publicUrl } }: Config): Objection[] => {
  const first = oidc.findIndex(({ dpop }) => dpop !== 'off')
  if (first < 0)
    return dpopSecret === undefined
      ? []
      : [object('auth.dpopSecret', 'has no meaning while dpop of every provider is off')]
  const needs = `is missing; auth.oidc[${first}].dpop needs it`
  return [
    ...(dpopSecret === undefined ? [object('auth.dpopSecret', needs)] : []),
    ...(dpopSecret !== undefined && dpopSecret.length < LEAST_SECRET
      ? [object('auth.dpopSecret', `must have ${LEAST_SECRET} characters or more`)]
      : []),
    ...(publicUrl === undefined ? [object('apis.publicUrl', needs)] : [])
  ]
}

const LEAST_SECRET = 32
const MOST_NAMED = 5

const shortList = (texts: readonly string[]): string =>
  texts.slice(0, MOST_NAMED).join(', ') + (texts.length > MOST_NAMED ? `, and ${texts.length - MOST_NAMED} more` : '')

const graphGroups = ({ auth }: Config): Objection[] =>
  auth.graph === undefined || [...groupsOf(auth), ...auth.rules.flatMap(({ groups }) => groups)].some(isGuid)
    ? []
    : [
        object(
          'auth.graph',
          'needs at least one GUID in auth.permittedGroups or in the groups of auth.rules: Microsoft Graph knows groups by nothing else'
        )
      ]

const graphCredential = (graph: GraphConfig | undefined): Objection[] => {
  if (graph === undefined) return []
  const { clientSecret, clientCertFile, clientKeyFile } = graph
  if (clientSecret !== undefined)
    return clientCertFile === undefined && clientKeyFile === undefined
      ? []
      : [object('auth.graph.clientSecret', 'and a certificate are both given; give one of the two')]
  if (clientCertFile === undefined && clientKeyFile === undefined)
    return [object('auth.graph.clientSecret', 'is missing; or give auth.graph.clientCertFile and clientKeyFile')]
  const missing = clientCertFile === undefined ? 'clientCertFile' : 'clientKeyFile'
  return clientCertFile !== undefined && clientKeyFile !== undefined
    ? []
    : [object(`auth.graph.${missing}`, 'is missing; certificate and key belong together')]
}

const graphTenants = ({ auth: { graph, oidc } }: Config): Objection[] =>
  graph === undefined || graph.tokenUrl.includes(TENANT_PLACE) || oidc.every(({ tenants }) => tenants.length < 2)
    ? []
    : [object('auth.graph.tokenUrl', `must contain ${TENANT_PLACE}: there are several tenants`)]

const something = (granting: readonly RuleConfig[]): Objection[] =>
  granting.flatMap(({ topics, consumerGroups }, index) =>
    topics.length + consumerGroups.length > 0
      ? []
      : [object(`auth.rules[${index}]`, 'grants nothing; give topics or consumerGroups')]
  )

const somebody = (granting: readonly RuleConfig[]): Objection[] =>
  granting.flatMap(({ groups, roles, principals }, index) =>
    groups.length + roles.length + principals.length > 0
      ? []
      : [object(`auth.rules[${index}]`, 'names nobody; give groups, roles or principals')]
  )

/** Refuses overrides for issuers that are not trusted: they would apply to nobody. */
const overridesWithinIssuer = (config: Config): Objection[] => {
  const { auth, quotas } = config
  const trusted = [...auth.oidc.flatMap(issuersOf), ...otherIssuers(config)]
  if (auth.mode === 'none') return []
  return quotas.overrides.flatMap(({ issuer }, index) =>
    issuer === undefined || trusted.includes(issuer)
      ? []
      : [notTrusted(`quotas.overrides[${index}].issuer`, issuer, trusted)]
  )
}

const notTrusted = (path: string, issuer: string, trusted: readonly string[]): Objection =>
  object(path, `names ${issuer}, which is no trusted issuer; those are ${shortList(trusted)}`)

const closedManagement = ({ management }: Config): Objection[] =>
  management === undefined || isLoopback(management.host) || management.token !== undefined
    ? []
    : [object('management.token', 'is missing; beyond this machine the management listener lets in nobody without it')]

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const addressOf = (host: string): string => (host === 'localhost' ? '127.0.0.1' : host)

const portsApart = ({ listen, management }: Config): Objection[] => {
  if (management === undefined || management.port === 0 || management.port !== listen.port) return []
  const [one, other] = [addressOf(listen.host), addressOf(management.host)]
  return one === other || ANY_ADDRESS.has(one) || ANY_ADDRESS.has(other)
    ? [object('management.port', `is that of listen.port already, on ${listen.host}`)]
    : []
}

const clientCertificate = (tls: KafkaConfig['tls']): Objection[] => {
  if ((tls?.certFile === undefined) === (tls?.keyFile === undefined)) return []
  const [given, missing] = tls?.certFile === undefined ? ['keyFile', 'certFile'] : ['certFile', 'keyFile']
  return [object(`kafka.tls.${missing}`, `is missing; it belongs to kafka.tls.${given}`)]
}

const deliveryOutlastsRequest = ({ kafka, limits }: Config): Objection[] =>
  kafka.deliveryTimeoutMs > limits.requestTimeoutMs
    ? []
    : [
        object(
          'kafka.deliveryTimeoutMs',
          `must be more than limits.requestTimeoutMs, which is ${limits.requestTimeoutMs}`
        )
      ]

/** What says which schemes are on beside tokens. */
const OTHER_SCHEMES = ['auth.apiKeys', 'auth.basic', 'auth.certificates', 'kafka.identity', 'kafka.callerMechanism']

export const rules: readonly Rule[] = [
  { about: ['kafka.bootstrapServers'], judge: ({ kafka }) => bootstrapPorts(kafka.bootstrapServers) },
  ...listenRules,
  { about: ['kafka.tls'], judge: ({ kafka }) => clientCertificate(kafka.tls) },
  { about: ['kafka.sasl'], judge: ({ kafka }) => saslMembers(kafka.sasl) },
  { about: ['kafka.sasl.tokenUrl'], judge: ({ kafka }) => address('kafka.sasl.tokenUrl', kafka.sasl?.tokenUrl) },
  { about: ['kafka.deliveryTimeoutMs', 'limits.requestTimeoutMs'], judge: deliveryOutlastsRequest },
  { about: ['management.host', 'management.token'], judge: closedManagement },
  { about: ['management.host', 'management.port', 'listen.host', 'listen.port'], judge: portsApart },
  { about: ['traces.endpoint', 'traces.authorization'], judge: tracesEndpoint },
  ...callerRules,
  { about: ['auth.mode', 'auth.oidc', ...OTHER_SCHEMES], judge: someAuthentication },
  { about: ['auth.mode', 'auth.oidc', 'auth.permittedGroups', 'auth.rules', ...OTHER_SCHEMES], judge: rulesForOthers },
  { about: ['auth.mode', 'auth.oidc', 'auth.permittedGroups', 'auth.rules', ...OTHER_SCHEMES], judge: someGroup },
  { about: ['auth.oidc', 'auth.permittedGroups'], judge: groupsWithinProvider },
  { about: ['auth.oidc', 'auth.rules', ...OTHER_SCHEMES], judge: rulesWithinIssuer },
  { about: ['auth.rules'], judge: ({ auth }) => [...somebody(auth.rules), ...something(auth.rules)] },
  { about: ['auth.mode', 'auth.oidc', 'quotas.overrides'], judge: overridesWithinIssuer },
  { about: ['auth.oidc'], judge: ({ auth }) => providers(auth.oidc) },
  { about: ['auth.oidc', 'auth.dpopSecret', 'apis.publicUrl'], judge: proofs },
  { about: ['auth.graph.baseUrl'], judge: ({ auth }) => address('auth.graph.baseUrl', auth.graph?.baseUrl) },
  { about: ['auth.graph.tokenUrl'], judge: ({ auth }) => address('auth.graph.tokenUrl', auth.graph?.tokenUrl) },
  { about: ['auth.graph'], judge: ({ auth }) => graphCredential(auth.graph) },
  { about: ['auth.graph.tokenUrl', 'auth.oidc'], judge: graphTenants },
  { about: ['auth.graph', 'auth.oidc', 'auth.permittedGroups', 'auth.rules'], judge: graphGroups }
]
