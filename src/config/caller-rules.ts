import { issuersNamed, judgedByKafka, otherIssuers } from './issuers.ts'
import { object, type Objection, type Rule } from './rule.ts'
import type { Config } from './schema.ts'

/** Loopback as a host, or as the host of a URL. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/

export const isLoopback = (host: string): boolean => LOOPBACK.test(host)

/** Returns whether Kafka's ACLs alone decide: nothing here says who is let in. */
export const isLeftToKafka = ({ auth, kafka }: Config): boolean =>
  kafka.identity === 'caller' &&
  auth.rules.length === 0 &&
  auth.permittedGroups.length === 0 &&
  auth.oidc.every(({ permittedGroups = [] }) => permittedGroups.length === 0)

const callers = (config: Config): Objection[] => {
  const { auth, kafka } = config
  if (kafka.identity === 'gateway') return []
  if (auth.mode === 'none')
    return [object('kafka.identity', 'is caller, but with auth.mode: none there are no callers')]
  return judgedByKafka(config) || kafka.tokenAudience.length > 0 || kafka.credentials.length > 0
    ? []
    : [
        object(
          'kafka.callerMechanism',
          'is missing, or kafka.tokenAudience, or kafka.credentials: no caller would have an identity in Kafka'
        )
      ]
}

const tokens = ({ auth, kafka }: Config): Objection[] => {
  if (kafka.tokenAudience.length === 0) return []
  if (kafka.identity === 'gateway')
    return [object('kafka.tokenAudience', 'has no meaning unless kafka.identity is caller')]
  const taken = new Set(auth.oidc.flatMap(({ audience }) => audience))
  const isForNobody = (audience: string) => auth.mode !== 'none' && !taken.has(audience)
  return kafka.tokenAudience.flatMap((audience, at) =>
    isForNobody(audience)
      ? [object(`kafka.tokenAudience[${at}]`, 'is in the audience of no provider: its tokens would be refused here')]
      : []
  )
}

const mapping = (config: Config): Objection[] => {
  const { identity, credentials, identityMap } = config.kafka
  if (identity === 'gateway')
    return credentials.length + identityMap.length === 0
      ? []
      : [object('kafka.credentials', 'and kafka.identityMap have no meaning unless kafka.identity is caller')]
  const known = credentials.map(({ name }) => name)
  return [
    ...known.flatMap((name, at) =>
      known.indexOf(name) < at
        ? [object(`kafka.credentials[${at}].name`, `is that of another entry already: ${name}`)]
        : []
    ),
    ...identityMap.flatMap((entry, at) => mappedEntry(entry, `kafka.identityMap[${at}]`, known, config))
  ]
}

const mappedEntry = (
  { credentials, issuers, groups, principals }: Config['kafka']['identityMap'][number],
  path: string,
  known: readonly string[],
  config: Config
): Objection[] => {
  const problems = issuersIn(issuers, `${path}.issuers`, config)
  if (!known.includes(credentials))
    problems.push(object(`${path}.credentials`, `names ${credentials}, which is none of kafka.credentials`))
  if (groups.length + principals.length === 0) problems.push(object(path, 'names nobody; give groups or principals'))
  return problems
}

/** A name means something within its issuer only. */
const issuersIn = (issuers: readonly string[], path: string, config: Config): Objection[] => {
  const { oidc } = config.auth
  if (issuers.length === 0 && oidc.length !== 1)
    return [object(path, 'is missing: only with a single provider it is known whose callers are meant')]
  const others = otherIssuers(config)
  return issuers
    .filter(issuer => !others.includes(issuer) && issuersNamed(issuer, oidc).length === 0)
    .map(issuer => object(path, `names ${issuer}, which is no trusted issuer`))
}

const mechanism = ({ auth, kafka }: Config): Objection[] => {
  if (kafka.callerMechanism === undefined) return []
  if (kafka.identity === 'gateway')
    return [object('kafka.callerMechanism', 'has no meaning unless kafka.identity is caller')]
  return auth.basic === undefined
    ? []
    : [object('kafka.callerMechanism', 'has no meaning beside auth.basic, which judges passwords alone')]
}

const secured = ({ kafka }: Config): Objection[] => {
  const isLocal = kafka.bootstrapServers.every(server => isLoopback(server.slice(0, server.lastIndexOf(':'))))
  return kafka.identity === 'gateway' || kafka.tls !== undefined || isLocal
    ? []
    : [object('kafka.tls', 'is missing: the credentials of callers would travel to the brokers in the clear')]
}

export const callerRules: readonly Rule[] = [
  {
    about: [
      'auth.mode',
      'auth.basic',
      'kafka.identity',
      'kafka.callerMechanism',
      'kafka.tokenAudience',
      'kafka.credentials'
    ],
    judge: callers
  },
  { about: ['auth.mode', 'auth.oidc', 'kafka.identity', 'kafka.tokenAudience'], judge: tokens },
  {
    about: [
      'kafka.identity',
      'kafka.credentials',
      'kafka.identityMap',
      'auth.oidc',
      'auth.basic',
      'auth.apiKeys',
      'auth.certificates'
    ],
    judge: mapping
  },
  { about: ['auth.basic', 'kafka.identity', 'kafka.callerMechanism'], judge: mechanism },
  { about: ['kafka.identity', 'kafka.bootstrapServers', 'kafka.tls'], judge: secured }
]
