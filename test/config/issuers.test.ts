import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OidcProviderConfig } from '../../src/config/auth-schema.ts'
import { issuerNames } from '../../src/config/issuers.ts'

test('every alias of an issuer leads to its one name, tenant by tenant', () => {
  const part = (issuer: string, issuerAliases: string[], tenants: string[] = []) =>
    ({ issuer, issuerAliases, tenants }) as unknown as OidcProviderConfig
  const names = issuerNames([
    part('https://v2/{tenantid}', ['https://v1/{tenantid}/'], ['a', 'b']),
    part('https://one', ['https://other', 'https://third']),
    part('https://alone', [])
  ])
  assert.deepEqual(Object.fromEntries(names), {
    'https://v1/a/': 'https://v2/a',
    'https://v1/b/': 'https://v2/b',
    'https://other': 'https://one',
    'https://third': 'https://one'
  })
})
