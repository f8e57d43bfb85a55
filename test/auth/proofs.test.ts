import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { calculateThumbprint, generateKeyPair, generateProof, type JWSAlgorithm, type KeyPair } from 'dpop'
import { exportJWK, SignJWT } from 'jose'
import { type Authenticator, type AuthenticatorOptions, createAuthenticator } from '../../src/auth/authenticator.ts'
import { CertificateReader, type ClientCertificate } from '../../src/auth/certificates/client-certificate.ts'
import { ForwardedCertificates } from '../../src/auth/certificates/forwarded-certificates.ts'
import { PathValidation } from '../../src/auth/certificates/path-validation.ts'
import type { Credentials } from '../../src/auth/credentials.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { Log, LogFollower } from '../api/shared/follow/model.ts'
import { ca } from '../http/support/certificate.ts'
import { startFront } from '../http/support/front.ts'
import { RawClient } from '../http/support/raw-client.ts'
import { AUDIENCE, CALLER, GROUP, TestProvider } from './provider.ts'
import { sent } from './sent.ts'

const PUBLIC_URL = 'https://kafka.example/rest'
const TARGET = '/v1/metadata/topics?x=1'
const HTU = `${PUBLIC_URL}/v1/metadata/topics`
const ignore = () => undefined
const log = { debug: ignore, info: ignore, warn: ignore, error: ignore }

interface Refusal {
  readonly code: string
  readonly challenge: string
  readonly nonce: string | undefined
}

suite('A token that is bound to a key of its client', () => {
  const provider = new TestProvider()
  let nowMs = Date.now()
  let key: KeyPair
  let token: string

  const gateway = (
    dpop: 'off' | 'accept' | 'require' = 'accept',
    secret = 'x'.repeat(32),
    more: AuthenticatorOptions = {}
  ): Authenticator =>
    createAuthenticator(
      {
        mode: 'on',
        oidc: [
          {
            issuer: provider.issuer,
            audience: [AUDIENCE],
            algorithms: ['RS256'],
            issuerAliases: [],
            tenants: [],
            groupsClaims: ['groups'],
            rolesClaims: [],
            principalClaims: ['oid'],
            clockToleranceMs: 5000,
            dpop
          }
        ],
        permittedGroups: [GROUP],
        rules: [],
        ...(dpop === 'off' ? {} : { dpopSecret: secret })
      },
      log,
      { publicUrl: PUBLIC_URL, now: () => nowMs, ...more }
    )
  const ask = async (asked: Authenticator, credentials: Partial<Credentials>): Promise<string | Refusal> => {
    try {
      const principal = await asked.authenticate({ ...sent(undefined), target: TARGET, method: 'GET', ...credentials })
      return principal.id
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      const { 'WWW-Authenticate': challenge = '', 'DPoP-Nonce': nonce } = error.headers ?? {}
      return { code: error.code, challenge, nonce }
    }
  }
  const code = async (asked: Authenticator, credentials: Partial<Credentials>) => {
    const outcome = await ask(asked, credentials)
    return typeof outcome === 'string' ? outcome : outcome.code
  }
  const withProof = (proof: string, text = token) => ({ headers: { authorization: `DPoP ${text}`, dpop: proof } })
  const nonceOf = async (asked: Authenticator): Promise<string> => {
    const refused = await ask(asked, withProof(await generateProof(key, HTU, 'GET', undefined, token)))
    assert.ok(typeof refused === 'object' && refused.nonce !== undefined)
    return refused.nonce
  }

  before(async () => {
    await provider.start()
    key = await generateKeyPair('ES256')
    token = await provider.token({ cnf: { jkt: await calculateThumbprint(key.publicKey) } })
  })
  after(() => provider.stop())

  test('is taken with a proof that carries the nonce of the answer before it, the same at every gateway', async () => {
    const [one, other] = [gateway(), gateway()]
    const refused = await ask(one, withProof(await generateProof(key, HTU, 'GET', undefined, token)))
    assert.ok(typeof refused === 'object')
    assert.match(refused.challenge, /^Bearer, DPoP algs="ES256 .*", error="use_dpop_nonce"/)
    const { nonce } = refused
    for (const asked of [one, other]) {
      assert.equal(await code(asked, withProof(await generateProof(key, HTU, 'GET', nonce, token))), CALLER)
      // The token is remembered now, its proof never.
      assert.equal(await code(asked, withProof(await generateProof(key, HTU, 'GET', nonce, token))), CALLER)
    }
    nowMs += 130_000
    assert.equal(await code(one, withProof(await generateProof(key, HTU, 'GET', nonce, token))), 'INVALID_TOKEN')
    const strangers = gateway('accept', 'y'.repeat(32))
    assert.equal(await code(strangers, withProof(await generateProof(key, HTU, 'GET', nonce, token))), 'INVALID_TOKEN')
  })

  test('is useless without it, and with the proof of another request, token or key', async () => {
    const asked = gateway()
    const nonce = await nonceOf(asked)
    const others: readonly [string, Promise<string>][] = [
      ['method', generateProof(key, HTU, 'POST', nonce, token)],
      ['path', generateProof(key, `${HTU}2`, 'GET', nonce, token)],
      ['host', generateProof(key, HTU.replace('kafka.example', 'evil.example'), 'GET', nonce, token)],
      ['scheme', generateProof(key, HTU.replace('https', 'http'), 'GET', nonce, token)],
      ['token', generateProof(key, HTU, 'GET', nonce, `${token}x`)],
      ['no token', generateProof(key, HTU, 'GET', nonce)],
      ['key', generateProof(await generateKeyPair('ES256'), HTU, 'GET', nonce, token)]
    ]
    for (const [what, proof] of others) assert.equal(await code(asked, withProof(await proof)), 'INVALID_TOKEN', what)
    const authorization = `Bearer ${token}`
    assert.equal(await code(asked, { headers: { authorization } }), 'INVALID_TOKEN')
    const proof = await generateProof(key, HTU, 'GET', nonce, token)
    assert.equal(await code(asked, { headers: { authorization, dpop: proof } }), 'INVALID_TOKEN')
    assert.equal(await code(asked, withProof(`${proof}, ${proof}`)), 'INVALID_TOKEN')
    assert.equal(await code(asked, withProof('x'.repeat(5000))), 'INVALID_TOKEN')
    assert.equal(
      await code(asked, withProof(proof, await provider.token())),
      'INVALID_TOKEN',
      'a token that is not bound'
    )
    assert.equal(await code(asked, withProof(proof)), CALLER)
    assert.equal(await code(asked, withProof(proof)), 'INVALID_TOKEN', 'replayed')
    nowMs += 60_000
    assert.equal(await code(asked, withProof(proof)), 'INVALID_TOKEN', 'replayed in the next window')
  })

  test('takes proofs of every algorithm that the challenge names, and none that is symmetric, unsigned or holds a private key', async () => {
    const asked = gateway()
    const nonce = await nonceOf(asked)
    const algorithms: readonly JWSAlgorithm[] = ['ES256', 'RS256', 'PS256', 'Ed25519']
    for (const algorithm of algorithms) {
      const own = await generateKeyPair(algorithm)
      const bound = await provider.token({ cnf: { jkt: await calculateThumbprint(own.publicKey) } })
      const proof = await generateProof(own, HTU, 'GET', nonce, bound)
      assert.equal(await code(asked, withProof(proof, bound)), CALLER, algorithm)
    }
    const own = await generateKeyPair('ES256', { extractable: true })
    const jwk = await exportJWK(own.privateKey)
    const bound = await provider.token({ cnf: { jkt: await calculateThumbprint(own.publicKey) } })
    const claims = { htm: 'GET', htu: HTU, jti: 'a', nonce, iat: Math.floor(nowMs / 1000) }
    const signed = (header: object) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }).sign(own.privateKey)
    assert.equal(await code(asked, withProof(await signed({}), bound)), 'INVALID_TOKEN', 'private')
    assert.equal(await code(asked, withProof(await signed({ typ: 'jwt' }), bound)), 'INVALID_TOKEN', 'type')
    const bare = [{ alg: 'none', typ: 'dpop+jwt', jwk }, claims].map(part =>
      Buffer.from(JSON.stringify(part)).toString('base64url')
    )
    assert.equal(await code(asked, withProof(`${bare.join('.')}.`, bound)), 'INVALID_TOKEN', 'unsigned')
  })

  test('is refused where proofs are off, and any other where they are required', async () => {
    const authorization = `Bearer ${await provider.token()}`
    const off = gateway('off')
    assert.equal(await code(off, { headers: { authorization: `Bearer ${token}` } }), 'INVALID_TOKEN')
    assert.equal(await code(off, withProof('x')), 'UNAUTHENTICATED')
    const required = gateway('require')
    for (let again = 0; again < 2; again++)
      assert.equal(await code(required, { headers: { authorization } }), 'INVALID_TOKEN')
    const nonce = await nonceOf(required)
    assert.equal(await code(required, withProof(await generateProof(key, HTU, 'GET', nonce, token))), CALLER)
    const unbound = `DPoP ${await provider.token()}`
    for (let again = 0; again < 2; again++)
      assert.equal(await code(gateway(), { headers: { authorization: unbound } }), 'INVALID_TOKEN')
  })

  test('is offered the next nonce while that of its proof ends, and so never refused if it asks each minute', async () => {
    const asked = gateway()
    let nonce = await nonceOf(asked)
    const offers: string[] = []
    const offered = async (): Promise<string[]> => {
      const proof = withProof(await generateProof(key, HTU, 'GET', nonce, token))
      const offerNonce = (next: string) => void offers.push(next)
      assert.equal(await code(asked, { ...proof, offerNonce }), CALLER)
      return offers.splice(0)
    }
    for (let minute = 0; minute < 2; minute++) {
      assert.deepEqual(await offered(), [])
      nowMs += 60_000
      const [next, ...others] = await offered()
      assert.deepEqual([others, await offered()], [[], [next]])
      assert.notEqual(next, nonce)
      nonce = next
    }
  })

  test('is offered it through a proxy that passes certificates on as well', async () => {
    const naming = { name: 'subject' as const, mappingRules: [] }
    const reader = await CertificateReader.load(naming)
    const config = { ...naming, header: 'rfc9440' as const, headerName: 'Client-Cert' }
    const forwarded = new ForwardedCertificates(
      { ...config, headerFrom: ['127.0.0.0/8'], headerProxies: [] },
      reader,
      new PathValidation({ ca: Buffer.from(ca) }),
      { now: () => nowMs, steadyNow: () => nowMs }
    )
    const asked = gateway('accept', undefined, { certificates: { reader, areRequired: false, forwarded } })
    const proof = withProof(await generateProof(key, HTU, 'GET', await nonceOf(asked), token))
    const connection = { address: '127.0.0.1', certificate: undefined }
    const offers: string[] = []
    nowMs += 60_000
    assert.equal(await code(asked, { ...proof, connection, offerNonce: next => void offers.push(next) }), CALLER)
    assert.deepEqual(offers, [await nonceOf(asked)])
  })

  test('finds the next nonce in answers of every kind over HTTP, and none while its own is fresh', async t => {
    const asked = gateway()
    const { port, url } = await startFront(t, {
      authenticator: asked,
      gateway: { follow: () => Promise.resolve(new LogFollower(new Log(), 0)) }
    })
    const webSocket = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    const nonce = await nonceOf(asked)
    const headersOf = async (method: 'GET' | 'POST', path: string) => ({
      authorization: `DPoP ${token}`,
      dpop: await generateProof(key, PUBLIC_URL + path, method, nonce, token)
    })
    const whole = async (path: string, ...more: readonly string[]) => {
      const { authorization, dpop } = await headersOf('GET', path)
      const lines = [`GET ${path} HTTP/1.1`, 'Host: x', `Authorization: ${authorization}`, `DPoP: ${dpop}`, ...more]
      const client = new RawClient(port)
      t.after(() => client.close())
      const { status, headers } = await client.send(`${lines.join('\r\n')}\r\n\r\n`).answer()
      return [status, headers['dpop-nonce']]
    }
    const streamed = async (path: string) => {
      const headers = { ...(await headersOf('POST', path)), 'content-type': 'application/x-ndjson' }
      const answer = await fetch(url + path, { method: 'POST', headers, body: '{"value":1}\n' })
      assert.match(await answer.text(), /"offset":0/)
      return [answer.status, answer.headers.get('dpop-nonce') ?? undefined]
    }
    const answers = async () => [
      await whole('/v1/metadata/topics'),
      await whole('/v1/metadata/topics', 'X-By: node', 'X-By: node'),
      await whole('/v1/nowhere'),
      await streamed('/v1/producer/topics/a'),
      await whole('/v1/consumer/topics/a/records', ...webSocket, `Sec-WebSocket-Key: ${'A'.repeat(22)}==`)
    ]
    const statuses = [200, 200, 404, 200, 101]
    assert.deepEqual(
      await answers(),
      statuses.map(status => [status, undefined])
    )
    nowMs += 60_000
    const next = await nonceOf(asked)
    assert.deepEqual(
      await answers(),
      statuses.map(status => [status, next])
    )
  })

  test('goes on in a stream whose proof was judged when it began', async () => {
    const asked = gateway()
    const nonce = await nonceOf(asked)
    const proof = withProof(await generateProof(key, HTU, 'GET', nonce, token))
    const principal = await asked.authenticate({
      ...sent(undefined),
      target: TARGET,
      method: 'GET',
      ...proof
    })
    nowMs += 60_000
    assert.equal(await code(asked, { ...proof, principal, offerNonce: assert.fail }), CALLER)
  })

  test('may be bound to the certificate of its connection instead', async () => {
    const asked = gateway('off')
    const bound = { headers: { authorization: `Bearer ${await provider.token({ cnf: { 'x5t#S256': 'thumb' } })}` } }
    const certificate: ClientCertificate = {
      thumbprint: 'thumb',
      subject: '',
      problem: undefined,
      notAfterMs: Infinity,
      caller: undefined,
      epoch: 0
    }
    assert.equal(await code(asked, { ...bound, connection: { address: undefined, certificate } }), CALLER)
    assert.equal(
      await code(asked, {
        ...bound,
        connection: { address: undefined, certificate: { ...certificate, thumbprint: 'other' } }
      }),
      'INVALID_TOKEN'
    )
    assert.equal(await code(asked, bound), 'INVALID_TOKEN')
    const unknown = { headers: { authorization: `Bearer ${await provider.token({ cnf: { jku: 'x' } })}` } }
    assert.equal(await code(asked, { ...unknown, connection: { address: undefined, certificate } }), 'INVALID_TOKEN')
  })
})
