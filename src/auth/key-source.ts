import type { JWK } from 'jose'
import type { OidcProviderConfig } from '../config/auth-schema.ts'
import { TENANT_PLACE } from '../config/issuers.ts'
import { JsonClient } from '../core/lib/https-json.ts'
import { member } from '../core/lib/member.ts'

/** Limit of one answer of the provider. */
const TIMEOUT_MS = 5000

/** Asks a provider for its signature keys. */
export class KeySource {
  readonly #provider: OidcProviderConfig
  readonly #client: JsonClient

  constructor(provider: OidcProviderConfig, proxyEnvironment: NodeJS.ProcessEnv | undefined) {
    this.#provider = provider
    this.#client = new JsonClient({ caFile: provider.caFile, timeoutMs: TIMEOUT_MS, proxyEnvironment })
  }

  /**
   * Returns the address of the keys: `jwksUri`, or what discovery says. Rejects with the reason if discovery fails.
   * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
   */
  async address(): Promise<string> {
    const { issuer, jwksUri } = this.#provider
    if (jwksUri !== undefined) return jwksUri
    // `common` is Entra ID's name for all tenants. Its document has the template as the issuer.
    const base = issuer.replaceAll(TENANT_PLACE, 'common').replace(/\/$/, '')
    const document = await this.#get(`${base}/.well-known/openid-configuration`)
    const named = member(document, 'issuer')
    if (named !== issuer) throw new Error(`discovery names another issuer: ${JSON.stringify(named)?.slice(0, 200)}`)
    const found = member(document, 'jwks_uri')
    if (typeof found !== 'string') throw new Error('discovery names no jwks_uri')
    return found
  }

  /** Returns the keys for signatures, one at least. Rejects with the reason if there are none. */
  async keys(address: string): Promise<readonly JWK[]> {
    const keys: unknown = member(await this.#get(address), 'keys')
    if (!Array.isArray(keys)) throw new Error('the answer is no key set')
    const usable = keys.filter(isSignatureKey)
    if (usable.length === 0) throw new Error('the key set holds no key for signatures')
    return usable
  }

  close(): void {
    this.#client.close()
  }

  async #get(url: string): Promise<unknown> {
    const { status, body, fault = 'its body is no JSON object' } = await this.#client.request({ url })
    if (status !== 200) throw new Error(`${url} answered ${status}`)
    if (typeof body !== 'object' || body === null) throw new Error(`${url} answered ${status}, but ${fault}`)
    return body
  }
}

/** Returns whether a key is for signatures. Drops symmetric ones: published, they would let anybody sign tokens. */
function isSignatureKey(key: unknown): key is JWK {
  const type = member(key, 'kty')
  const use = member(key, 'use')
  return typeof type === 'string' && type !== 'oct' && (use === undefined || use === 'sig')
}
