import type { JWK } from 'jose'
import type { OidcProviderConfig } from '../config/auth-schema.ts'
import { TENANT_PLACE } from '../config/issuers.ts'
import { member } from '../core/lib/member.ts'

const ENTRA_HOST =
  /^(sts\.windows\.net|login\.microsoftonline\.com|login\.microsoftonline\.us|sts\.chinacloudapi\.cn|login\.partner\.microsoftonline\.cn|login\.chinacloudapi\.cn)$/
const VERSION_1 = /^https:\/\/sts\.(?:windows\.net|chinacloudapi\.cn)\/([^/]+)\/$/
const VERSION_2 =
  /^https:\/\/login\.(?:microsoftonline\.com|microsoftonline\.us|partner\.microsoftonline\.cn|chinacloudapi\.cn)\/([^/]+)\/v2\.0$/
const TENANT_IN_ISSUER = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i

/** Returns whether Graph is asked about callers of this provider. It knows Entra ID's object ids only. */
export function asksGraph(provider: OidcProviderConfig, isOnlyProvider: boolean): boolean {
  return provider.groupsFrom === undefined ? isOnlyProvider || isEntra(provider) : provider.groupsFrom === 'graph'
}

/** Returns whether the provider's tokens look like Entra ID's. */
export function isEntra({ issuer, groupsFrom }: OidcProviderConfig): boolean {
  return groupsFrom === 'graph' || ENTRA_HOST.test(URL.parse(issuer)?.hostname ?? '')
}

/** Returns the tenant in an issuer, if there is one. */
export function tenantOf(issuer: string): string | undefined {
  return TENANT_IN_ISSUER.exec(issuer)?.[0]
}

function issuerOf(key: JWK): string | undefined {
  const issuer = member(key, 'issuer')
  return typeof issuer === 'string' ? issuer : undefined
}

/**
 * Returns whether a key may sign for an issuer. If the key names an issuer, as Entra ID's do, it must be this one. Keys that
 * name version 2 of a tenant's issuer serve version 1 too.
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer
 */
export function mayServe(key: JWK, issuer: string): boolean {
  const named = issuerOf(key)
  if (named === undefined) return true
  const full = named.replaceAll(TENANT_PLACE, tenantOf(issuer) ?? TENANT_PLACE)
  if (full === issuer) return true
  const tenant = VERSION_1.exec(issuer)?.[1]
  return tenant !== undefined && VERSION_2.exec(full)?.[1] === tenant
}
