import type { OidcProviderConfig } from './auth-schema.ts'

/** Stands for the tenant in an issuer or in a token endpoint's address, as in Entra ID's own discovery document. */
export const TENANT_PLACE = '{tenantid}'

/** Every `iss` that a provider's tokens may carry: a template is filled with each tenant that is let in. */
export function issuersOf({ issuer, issuerAliases, tenants }: OidcProviderConfig): string[] {
  const templates = [issuer, ...issuerAliases]
  return templates.flatMap(template =>
    template.includes(TENANT_PLACE) ? tenants.map(tenant => template.replaceAll(TENANT_PLACE, tenant)) : [template]
  )
}
