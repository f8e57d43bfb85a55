import { createLocalJWKSet, type JWK } from 'jose'
import type { OidcProviderConfig } from '../config/auth-schema.ts'
import { TENANT_PLACE } from '../config/issuers.ts'
import { member } from '../core/lib/member.ts'
import type { KeyLookup } from './key-set.ts'

const ENTRA_HOST =
  /^(sts\.windows\.net|login\.microsoftonline\.com|login\.microsoftonline\.us|sts\.chinacloudapi\.cn|login\.partner\.microsoftonline\.cn|login\.chinacloudapi\.cn)$/
const VERSION_1 = /^https:\/\/sts\.(?:windows\.net|chinacloudapi\.cn)\/([^/]+)\/$/
const VERSION_2 =
  /^https:\/\/login\.(?:microsoftonline\.com|microsoftonline\.us|partner\.microsoftonline\.cn|chinacloudapi\.cn)\/([^/]+)\/v2\.0$/
const TENANT_IN_ISSUER = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i

/** Is Graph asked about callers of this provider? Only Entra ID's object ids mean anything to it. */
export function asksGraph(provider: OidcProviderConfig, isOnlyProvider: boolean): boolean {
  if (provider.groupsFrom !== undefined) return provider.groupsFrom === 'graph'
  return isOnlyProvider || ENTRA_HOST.test(URL.parse(provider.issuer)?.hostname ?? '')
}

/** Undefined for an issuer without a tenant in it. */
export function tenantOf(issuer: string): string | undefined {
  return TENANT_IN_ISSUER.exec(issuer)?.[0]
}

const narrowed = new WeakMap<KeyLookup, Map<string, KeyLookup>>()

/**
 * The keys that may sign for an issuer: where a key names its own, as those of Entra ID do, it must be this one. Version 1
 * of a tenant's issuer is served by keys that name version 2.
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer
 */
export function keysOfIssuer(lookup: KeyLookup, issuer: string): KeyLookup {
  const { keys } = lookup.jwks()
  if (keys.every(key => issuerOf(key) === undefined)) return lookup
  let byIssuer = narrowed.get(lookup)
  if (byIssuer === undefined) narrowed.set(lookup, (byIssuer = new Map()))
  let own = byIssuer.get(issuer)
  if (own === undefined) {
    own = createLocalJWKSet({ keys: keys.filter(key => mayServe(issuerOf(key), issuer)) })
    byIssuer.set(issuer, own)
  }
  return own
}

function issuerOf(key: JWK): string | undefined {
  const issuer = member(key, 'issuer')
  return typeof issuer === 'string' ? issuer : undefined
}

function mayServe(named: string | undefined, issuer: string): boolean {
  if (named === undefined) return true
  const full = named.replaceAll(TENANT_PLACE, tenantOf(issuer) ?? TENANT_PLACE)
  if (full === issuer) return true
  const tenant = VERSION_1.exec(issuer)?.[1]
  return tenant !== undefined && VERSION_2.exec(full)?.[1] === tenant
}
