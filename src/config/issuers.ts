import type { OidcProviderConfig } from './auth-schema.ts'

/** Stands for the tenant in an issuer or in a token endpoint's address, as in Entra ID's own discovery document. */
export const TENANT_PLACE = '{tenantid}'

/** The part of a provider that says which tokens are its own. */
export type IssuerNames = Pick<OidcProviderConfig, 'issuer' | 'issuerAliases' | 'tenants'>

/** Returns every `iss` that a provider's tokens may carry: a template is filled with each tenant that is let in. */
export function issuersOf({ issuer, issuerAliases, tenants }: IssuerNames): string[] {
  return [issuer, ...issuerAliases].flatMap(template => filled(template, tenants))
}

/**
 * Returns every `iss` that a rule means by `name`: one that a provider trusts, or all that its template stands for. Empty
 * for a name that no provider has.
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
