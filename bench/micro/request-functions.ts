import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { topicName } from '../../src/api/shared/parameters.ts'
import { v1Routes } from '../../src/api/v1/api.ts'
import { bearerToken } from '../../src/auth/bearer.ts'
import { KeyRing } from '../../src/auth/key-ring.ts'
import { Policy } from '../../src/auth/policy.ts'
import { TokenVerifier } from '../../src/auth/token-verifier.ts'
import { TopicGrants } from '../../src/auth/topic-grants.ts'
import type { OidcProviderConfig } from '../../src/config/auth-schema.ts'
import { acceptsGzip } from '../../src/http/accept-encoding.ts'
import { assertJsonBody } from '../../src/http/media-type.ts'
import { Router } from '../../src/http/router.ts'
import type { HotFunction } from './hot-function.ts'

const MANY = 1000
const ISSUER = 'https://login.example.org/tenant/v2.0'
const PRODUCE = '/v1/producer/topics/orders'
const READ = '/v1/consumer/topics/orders/partitions/0/offsets/12345?count=100'
const JSON_TYPE = 'application/json; charset=utf-8'
const CODINGS = 'gzip, deflate, br'
/** As many routes as several APIs have together. */
const ROUTES = 130
const LAST = `/v3/clusters/c1/kind-${ROUTES - v1Routes.length - 1}/orders/configs`

/** What every request goes through before its body is read; a "record" is a request here. */
export async function requestFunctions(): Promise<HotFunction[]> {
  const { verifier, authorization } = await verifierWithToken()
  await verifier.verify(authorization)
  const grants = new TopicGrants([
    { operations: ['read'], topics: ['audit', 'metrics-*'] },
    { operations: ['write'], topics: ['orders*'] }
  ])
  const handle = () => Promise.reject(new Error('never called'))
  const routes = v1Routes.map(route => Object.assign({}, route, { handle }))
  const router = new Router(routes)
  const large = new Router(routes.concat(otherRoutes(routes[0])))
  return [
    each('Authorization: the token in it', authorization.length, () => bearerToken(authorization).length),
    each('Authorization: a token known', authorization.length, () => (verifier.known(authorization)?.appOnly ? 1 : 0)),
    each('permission for a topic', 6, () => (grants.allows('write', 'topic', topicName('orders')) ? 1 : 0)),
    each('media type with a charset', JSON_TYPE.length, () => typeOf(copyOf(JSON_TYPE))),
    each('whether gzip is accepted', CODINGS.length, () => (acceptsGzip(copyOf(CODINGS)) ? 1 : 0)),
    each('route', PRODUCE.length, () => router.find('POST', PRODUCE).params.topic.length),
    each('route with a query', READ.length, () => router.find('GET', READ).params.topic.length),
    each('route, the last of 130', LAST.length, () => large.find('GET', LAST).params.name.length)
  ]
}

function typeOf(type: string): number {
  assertJsonBody({ 'content-type': type })
  return 1
}

/** Each request brings its own text. */
const copyOf = (text: string): string => Buffer.from(text).toString('latin1')

/** Such as stand beside those of v1, each with its own path. */
function otherRoutes<R extends object>(route: R): R[] {
  return Array.from({ length: ROUTES - v1Routes.length }, (_, at) =>
    Object.assign({}, route, { method: 'GET', path: `/v3/clusters/{cluster}/kind-${at}/{name}/configs` })
  )
}

function each(name: string, bytes: number, run: () => number): HotFunction {
  const many = () => {
    let sum = 0
    for (let time = 0; time < MANY; time++) sum += run()
    return sum
  }
  return { name, records: MANY, bytes: bytes * MANY, run: many }
}

async function verifierWithToken() {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const ring = new KeyRing([{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }])
  const token = await new SignJWT({ oid: '0c9f6a1e', azp: 'client', roles: ['Kafka.Users'] })
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setIssuer(ISSUER)
    .setAudience('kafka')
    .setExpirationTime('1h')
    .sign(privateKey)
  const config: OidcProviderConfig = {
    issuer: ISSUER,
    audience: ['kafka'],
    algorithms: ['RS256'],
    issuerAliases: [],
    tenants: [],
    groupsClaims: ['groups', 'roles'],
    rolesClaims: ['roles'],
    principalClaims: ['oid', 'sub'],
    clockToleranceMs: 5000,
    dpop: 'off'
  }
  const keys = {
    current: ring,
    ringFor: () => Promise.resolve(ring),
    ringAfter: () => Promise.resolve(ring),
    onChange: () => undefined
  }
  const policy = new Policy({ oidc: [config], permittedGroups: ['Kafka.Users'], rules: [] })
  const verifier = new TokenVerifier([{ config, keys }], policy, Date.now, () => performance.now())
  return { verifier, authorization: `Bearer ${token}` }
}
