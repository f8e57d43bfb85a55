import { isDeepStrictEqual } from 'node:util'
import type { OidcProviderConfig } from './auth-schema.ts'
import { isLeftToKafka } from './caller-rules.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigSources, freezeDeeply, loadConfig } from './load.ts'
import { rules } from './rules.ts'
import type { Config } from './schema.ts'

/** A configuration that was read again while the gateway runs. */
export interface ReloadedConfig {
  /** The running configuration with the new groups and rules. */
  readonly config: Config
  /** Dotted paths of the other changes: they take effect at the next start. */
  readonly waiting: readonly string[]
}

/** The settings that a reload replaces. */
const REPLACED = /^auth\.(permittedGroups|rules|oidc\[\d+\]\.permittedGroups)$/

/**
 * Reads the configuration again and returns the running one with the new groups and rules.
 *
 * @throws ConfigError if the new configuration is invalid, alone or with the running providers, or if it removes all rules
 */
export const reloadConfig = (running: Config, from: ConfigSources): ReloadedConfig => {
  const next = loadConfig(from).config
  const config = freezeDeeply({ ...running, auth: replacedAuth(running.auth, next.auth) })
  const problems = [...openedByReload(running, next), ...besideRunning(config)]
  if (problems.length > 0) throw new ConfigError(problems)
  return { config, waiting: differences(config, next, '') }
}

const replacedAuth = (running: Config['auth'], { permittedGroups, rules: granting, oidc }: Config['auth']) => ({
  ...running,
  permittedGroups,
  rules: granting,
  oidc: running.oidc.map(provider => {
    const groups = oidc.find(({ issuer }) => issuer === provider.issuer)?.permittedGroups
    return Object.assign(withoutGroups(provider), groups === undefined ? {} : { permittedGroups: groups })
  })
})

const withoutGroups = (provider: OidcProviderConfig): OidcProviderConfig => {
  const copy = { ...provider }
  delete copy.permittedGroups
  return copy
}

/** Refuses the removal of all rules: a truncated file must not open every topic to every permitted group. */
const openedByReload = (running: Config, next: Config): string[] => {
  if (isLeftToKafka(next) && !isLeftToKafka(running))
    return [
      'auth.permittedGroups and auth.rules are empty: everybody whom Kafka knows would be let in. ' +
        'A reload does not go that far; to mean it, restart the gateway'
    ]
  return running.auth.rules.length > 0 && next.auth.rules.length === 0
    ? [
        'auth.rules is empty: without rules, everyone in a permitted group may do everything. ' +
          'A reload does not go that far; to mean it, restart the gateway'
      ]
    : []
}

const besideRunning = (config: Config): string[] =>
  rules
    .flatMap(rule => rule.judge(config))
    .map(({ text }) => `${text} (the providers stay those of the last start until the next)`)

const isSection = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** Returns the paths where two configurations differ, without what a reload replaces. Lists of other lengths differ as a whole. */
const differences = (one: unknown, other: unknown, path: string): string[] => {
  if (REPLACED.test(path) || isDeepStrictEqual(one, other)) return []
  if (Array.isArray(one) && Array.isArray(other)) {
    const comparable = one.length === other.length && [...one, ...other].every(isSection)
    return comparable ? one.flatMap((entry, at) => differences(entry, other[at], `${path}[${at}]`)) : [path]
  }
  if (!isSection(one) || !isSection(other) || Array.isArray(one) || Array.isArray(other)) return [path]
  // A secret from a file is read again when it is used, so no restart is needed.
  const isReadAgain = (key: string) => one[`${key}File`] !== undefined && one[`${key}File`] === other[`${key}File`]
  const keys = new Set([...Object.keys(one), ...Object.keys(other)].filter(key => !isReadAgain(key)))
  return [...keys].flatMap(key => differences(one[key], other[key], path === '' ? key : `${path}.${key}`))
}
