import type { OidcProviderConfig } from './auth-schema.ts'

/** Stands for the tenant in an issuer or in a token endpoint's address, as in Entra ID's own discovery document. */
export const TENANT_PLACE = '{tenantid}'

/** Issuers of principals that no token names: where only a key, a password, a certificate or Kafka itself vouches for a caller. */
const RESERVED: ReadonlySet<string> = new Set(['apikey', 'basic', 'certificate', 'kafka'])

/** Returns whether an issuer belongs to a scheme other than tokens. No provider may have such a name. */
export function isReservedIssuer(issuer: string): boolean {
  return RESERVED.has(issuer)
}

/** The part of a configuration that says which schemes are on. */
export interface SchemesConfig {
  readonly auth: { readonly apiKeys?: object; readonly basic?: object; readonly certificates?: object }
  readonly kafka: { readonly identity: string; readonly callerMechanism?: string }
}

/** Returns whether Kafka judges user names and passwords. */
export function judgedByKafka({ auth, kafka }: SchemesConfig): boolean {
  return kafka.identity === 'caller' && kafka.callerMechanism !== undefined && auth.basic === undefined
}

/** Returns the issuers of the other schemes that are on. */
export function otherIssuers(config: SchemesConfig): string[] {
  const { apiKeys, basic, certificates } = config.auth
  return [
    ...(apiKeys === undefined ? [] : ['apikey']),
    ...(basic === undefined ? [] : ['basic']),
    ...(certificates === undefined ? [] : ['certificate']),
    ...(judgedByKafka(config) ? ['kafka'] : [])
  ]
}

/** The part of a provider that says which tokens are its own. */
export type IssuerNames = Pick<OidcProviderConfig, 'issuer' | 'issuerAliases' | 'tenants'>

/**
 * Maps each alias of an issuer, such as that of Entra ID's version 1 tokens, to the issuer's main name. A template does so
 * for each tenant.
 */
export function issuerNames(providers: readonly IssuerNames[]): Map<string, string> {
  const names = new Map<string, string>()
  for (const { issuer, issuerAliases, tenants } of providers) {
    for (const alias of issuerAliases) {
      const isTemplate = alias.includes(TENANT_PLACE)
      if (isTemplate !== issuer.includes(TENANT_PLACE)) continue
      for (const tenant of isTemplate ? tenants : [''])
        names.set(alias.replaceAll(TENANT_PLACE, tenant), issuer.replaceAll(TENANT_PLACE, tenant))
    }
  }
  return names
}

/** Returns every `iss` that a provider's tokens may carry; a template yields one for each permitted tenant. */
export function issuersOf({ issuer, issuerAliases, tenants }: IssuerNames): string[] {
  return [issuer, ...issuerAliases].flatMap(template => filled(template, tenants))
}

/**
 * Returns every `iss` that a rule means by `name`: one trusted issuer, or all that a template stands for. Empty if no provider
 * has the name.
 */
export function issuersNamed(name: string, providers: readonly IssuerNames[]): string[] {
  return providers.flatMap(provider => {
    if ([provider.issuer, ...provider.issuerAliases].includes(name)) return filled(name, provider.tenants)
    return issuersOf(provider).filter(issuer => issuer === name)
  })
}

function filled(template: string, tenants: readonly string[]): string[] {
  return template.includes(TENANT_PLACE) ? tenants.map(tenant => template.replaceAll(TENANT_PLACE, tenant)) : [template]
}
