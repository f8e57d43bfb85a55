import type { Config, GraphConfig, KafkaConfig, OidcProviderConfig } from './schema.ts'

/** What a rule objects to: the path to blame, and a sentence that names it. */
export interface Objection {
  readonly path: string
  readonly text: string
}

/** A condition that spans several keys. It is asked only when everything under `about` is sound in itself. */
export interface Rule {
  readonly about: readonly string[]
  judge(config: Config): readonly Objection[]
}

const object = (path: string, text: string): Objection => ({ path, text: `${path} ${text}` })

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
  const excess = Object.keys(given).filter(name => !allowed.has(name))
  return [
    ...missing.map(name => object(`kafka.sasl.${name}`, `is missing; ${mechanism} needs it`)),
    ...excess.map(name => object(`kafka.sasl.${name}`, `has no meaning for ${mechanism}`))
  ]
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Where the gateway sends its secrets or fetches its keys: encrypted, or within the machine. */
const address = (path: string, text: string | undefined): Objection[] => {
  if (text === undefined) return []
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    return [object(path, 'must be an absolute URL that starts with https://')]
  if (url.username !== '' || url.password !== '') return [object(path, 'must not contain a user name or password')]
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    return [object(path, 'must start with https://; http:// is accepted for loopback addresses only')]
  }
  return []
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
    const twin = oidc.findIndex(other => other.issuer === provider.issuer)
    return [
      ...(twin < index ? [object(`${path}.issuer`, `is that of auth.oidc[${twin}] already`)] : []),
      ...(provider.jwksUri === undefined
        ? address(`${path}.issuer`, provider.issuer)
        : address(`${path}.jwksUri`, provider.jwksUri))
    ]
  })

const someAuthentication = ({ auth }: Config): Objection[] => {
  if (auth.mode === 'none') return []
  if (auth.oidc.length > 0) return []
  const text =
    'names no trusted issuer, and without one nobody could be authenticated; ' +
    'to let in everyone who can reach the port, say so in so many words: auth.mode: none'
  return [object('auth.oidc', text)]
}

const someGroup = ({ auth }: Config): Objection[] =>
  auth.mode === 'none' || auth.permittedGroups.length > 0
    ? []
    : [
        object(
          'auth.permittedGroups',
          'is empty, and membership in one of them is what lets a caller in; name at least one'
        )
      ]

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const graphGroups = (graph: GraphConfig | undefined, groups: readonly string[]): Objection[] =>
  graph === undefined || groups.some(group => GUID.test(group))
    ? []
    : [
        object(
          'auth.graph',
          'needs at least one GUID in auth.permittedGroups: Microsoft Graph knows groups by nothing else'
        )
      ]

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

export const rules: readonly Rule[] = [
  { about: ['kafka.bootstrapServers'], judge: ({ kafka }) => bootstrapPorts(kafka.bootstrapServers) },
  { about: ['kafka.tls'], judge: ({ kafka }) => clientCertificate(kafka.tls) },
  { about: ['kafka.sasl'], judge: ({ kafka }) => saslMembers(kafka.sasl) },
  { about: ['kafka.sasl.tokenUrl'], judge: ({ kafka }) => address('kafka.sasl.tokenUrl', kafka.sasl?.tokenUrl) },
  { about: ['kafka.deliveryTimeoutMs', 'limits.requestTimeoutMs'], judge: deliveryOutlastsRequest },
  { about: ['auth.mode', 'auth.oidc'], judge: someAuthentication },
  { about: ['auth.mode', 'auth.permittedGroups'], judge: someGroup },
  { about: ['auth.oidc'], judge: ({ auth }) => providers(auth.oidc) },
  { about: ['auth.graph.baseUrl'], judge: ({ auth }) => address('auth.graph.baseUrl', auth.graph?.baseUrl) },
  { about: ['auth.graph.tokenUrl'], judge: ({ auth }) => address('auth.graph.tokenUrl', auth.graph?.tokenUrl) },
  { about: ['auth.graph', 'auth.permittedGroups'], judge: ({ auth }) => graphGroups(auth.graph, auth.permittedGroups) }
]
