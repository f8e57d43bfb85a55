import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { exportJWK, SignJWT, type JWK } from 'jose'

export const AUDIENCE = 'https://kafka.example'
export const GROUP = '11111111-1111-4111-8111-111111111111'
export const CALLER = '22222222-2222-4222-8222-222222222222'

export interface TestKey {
  readonly keyId: string
  readonly key: KeyObject
}

export function newKey(keyId: string): TestKey {
  return { keyId, key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey }
}

type GraphAnswer = (request: IncomingMessage, body: string, response: ServerResponse) => void

/** An identity provider and a Graph whose behaviour a test decides, on a real socket. */
export class TestProvider {
  readonly key = newKey('first')
  keys: TestKey[] = [this.key]
  /** What the key set holds instead of {@link keys}, where not undefined. */
  rawKeys: unknown
  /** What is answered in place of the key set, where not undefined. */
  rawAnswer: string | undefined
  /** How long the key set takes. */
  keysDelayMs = 0
  /** Answer nothing but 500. */
  down = false
  /** What discovery says of the issuer, where not the truth. */
  claimedIssuer: string | undefined
  /** Addresses at which discovery was asked. */
  readonly discovered: string[] = []
  keyRequests = 0
  tokenRequests = 0
  /** The token endpoint refuses the gateway's own secret. */
  secretExpired = false
  /** Sent with that refusal. */
  tokenHeaders: Record<string, string> = {}
  /** Forms that were sent to the token endpoint, with the address they were sent to. */
  readonly forms: { url: string; form: Record<string, string> }[] = []
  graphRequests: { url: string; groupIds: string[] }[] = []
  onGraph: GraphAnswer = (_request, _body, response) => response.end('{"value":[]}')
  readonly #scheme: string
  readonly #server: Server

  constructor(tls?: { readonly cert: Buffer; readonly key: Buffer }) {
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response)
    this.#scheme = tls === undefined ? 'http' : 'https'
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve)
  }

  async start(port = 0): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen({ host: '127.0.0.1', port }, resolve))
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get issuer(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`
  }

  /** A token that is let in, but for what the test changes. An undefined claim is left out. */
  token(
    claims: Readonly<Record<string, unknown>> = {},
    { key = this.key, typ, header = {} }: { key?: TestKey; typ?: string; header?: object } = {}
  ): Promise<string> {
    const nowS = Math.floor(Date.now() / 1000)
    const all = {
      iss: this.issuer,
      aud: AUDIENCE,
      oid: CALLER,
      sub: 's',
      iat: nowS,
      nbf: nowS,
      exp: nowS + 600,
      groups: [GROUP],
      ...claims
    }
    const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
    const whole = { alg: 'RS256', kid: key.keyId, ...(typ === undefined ? {} : { typ }), ...header }
    return new SignJWT(present).setProtectedHeader(whole).sign(key.key)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const url = request.url ?? ''
    response.setHeader('content-type', 'application/json')
    if (url.startsWith('/graph/')) {
      this.graphRequests.push({ url, groupIds: (JSON.parse(body) as { groupIds: string[] }).groupIds })
      this.onGraph(request, body, response)
    } else if (url.endsWith('/token')) {
      this.tokenRequests++
      this.forms.push({ url, form: Object.fromEntries(new URLSearchParams(body)) })
      if (this.secretExpired) response.writeHead(401, this.tokenHeaders).end('{"error":"invalid_client"}')
      else response.end(JSON.stringify({ access_token: 'graph-token', token_type: 'Bearer', expires_in: 3600 }))
    } else if (this.down) response.writeHead(500).end('{}')
    else if (url.endsWith('/.well-known/openid-configuration')) {
      this.discovered.push(url)
      response.end(JSON.stringify({ issuer: this.claimedIssuer ?? this.issuer, jwks_uri: `${this.issuer}/keys` }))
    } else if (url === '/keys') {
      this.keyRequests++
      if (this.keysDelayMs > 0) await sleep(this.keysDelayMs)
      const keys = this.rawKeys ?? (await Promise.all(this.keys.map(publicJwk)))
      response.end(this.rawAnswer ?? JSON.stringify({ keys }))
    } else response.writeHead(404).end('{}')
  }
}

export async function publicJwk({ keyId, key }: TestKey): Promise<JWK> {
  const { kty, n, e } = await exportJWK(key)
  return { kty: String(kty), n: String(n), e: String(e), kid: keyId, alg: 'RS256', use: 'sig' }
}
