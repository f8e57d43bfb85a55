import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { loopbackAddresses } from '../kafka/free-port.ts'
import { TENANT_ID } from './directory.ts'
import { answerMembership } from './graph.ts'
import type { SigningKey } from './signing-key.ts'
import { answerTokenRequest, type Answer } from './token-endpoint.ts'

export interface IdentityProviderOptions {
  readonly port: number
  readonly key: SigningKey
  readonly tls: { readonly cert: Buffer; readonly key: Buffer }
}

const BODY_LIMIT_BYTES = 64 * 1024
const MEMBERSHIP = /^\/v1\.0\/(?:servicePrincipals|users)\/([^/]+)\/checkMemberGroups$/

/**
 * Imitates Entra ID on loopback: tokens, discovery and keys of one tenant, and what the gateway asks of Microsoft Graph. Its
 * answers hold addresses with the name of the `Host` header, so that tests can resolve Entra's own name to it.
 */
export class IdentityProvider {
  readonly #options: IdentityProviderOptions
  readonly #servers: Server[] = []
  port = 0

  constructor(options: IdentityProviderOptions) {
    this.#options = options
  }

  get url(): string {
    return `https://localhost:${this.port}`
  }

  get issuer(): string {
    return `https://sts.windows.net/${TENANT_ID}/`
  }

  get jwksUri(): string {
    return `${this.url}/${TENANT_ID}/discovery/v2.0/keys`
  }

  get tokenUrl(): string {
    return `${this.url}/${TENANT_ID}/oauth2/v2.0/token`
  }

  async start(): Promise<void> {
    this.port = this.#options.port
    for (const host of await loopbackAddresses()) await this.#listen(host)
  }

  async close(): Promise<void> {
    for (const server of this.#servers) server.closeAllConnections()
    await Promise.all(this.#servers.map(server => new Promise(resolve => server.close(resolve))))
  }

  async #listen(host: string): Promise<void> {
    const server = createServer(this.#options.tls, (request, response) => void this.#serve(request, response))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port: this.port }, resolve)
    })
    this.port = (server.address() as AddressInfo).port
    this.#servers.push(server)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer
    try {
      answer = await this.#answer(request, await readText(request))
    } catch (error) {
      answer = { status: 400, body: { error: 'invalid_request', error_description: String(error) } }
    }
    const body = JSON.stringify(answer.body)
    response
      .writeHead(answer.status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
      .end(body)
  }

  async #answer(request: IncomingMessage, body: string): Promise<Answer> {
    const { method, headers } = request
    const { pathname } = new URL(request.url ?? '/', this.url)
    const base = `https://${headers.host ?? `localhost:${this.port}`}`
    const route = `${method} ${pathname.replace(`/${TENANT_ID}/`, '/{tenant}/')}`
    switch (route) {
      case 'POST /{tenant}/oauth2/v2.0/token':
        return answerTokenRequest(new URLSearchParams(body), headers.authorization, this.#options.key)
      case 'GET /{tenant}/v2.0/.well-known/openid-configuration':
        return { status: 200, body: discovery(base, `${base}/${TENANT_ID}/v2.0`) }
      case 'GET /{tenant}/.well-known/openid-configuration':
        return { status: 200, body: discovery(base, this.issuer) }
      case 'GET /{tenant}/discovery/v2.0/keys':
        return { status: 200, body: { keys: [await this.#options.key.publicJwk()] } }
      case 'GET /common/discovery/instance':
        return { status: 200, body: instanceDiscovery(base, new URL(base).host) }
      default: {
        const principal = method === 'POST' ? MEMBERSHIP.exec(pathname) : null
        if (principal === null)
          return { status: 404, body: { error: 'not_found', error_description: `There is no ${route}` } }
        return answerMembership(principal[1], headers.authorization, body, this.url, this.#options.key)
      }
    }
  }
}

/** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata */
function discovery(base: string, issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${base}/${TENANT_ID}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/${TENANT_ID}/oauth2/v2.0/token`,
    jwks_uri: `${base}/${TENANT_ID}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    response_types_supported: ['token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256']
  }
}

/** Answers instance discovery, which Microsoft's client libraries ask before they trust an authority. */
function instanceDiscovery(base: string, host: string) {
  return {
    tenant_discovery_endpoint: `${base}/${TENANT_ID}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }]
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > BODY_LIMIT_BYTES) throw new RangeError('The body is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
