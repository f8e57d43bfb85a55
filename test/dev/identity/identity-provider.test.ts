import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as send } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { localCertificates } from '../../../src/dev/certificates/local-certificates.ts'
import {
  appWithGroups,
  appWithoutGroups,
  gatewayApp,
  GROUP_ID,
  outsider,
  RESOURCE,
  TENANT_ID,
  type Application
} from '../../../src/dev/identity/directory.ts'
import { IdentityProvider } from '../../../src/dev/identity/identity-provider.ts'
import { SigningKey } from '../../../src/dev/identity/signing-key.ts'

const UNKNOWN_ID = '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1cffff'
const ENTRA = 'login.microsoftonline.com'

suite('The local identity provider', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-identity-'))
  const keyFile = join(folder, 'identity', 'signing-key.json')
  const { caFile, certFile, keyFile: tlsKeyFile } = localCertificates(folder)
  const tls = { cert: readFileSync(certFile), key: readFileSync(tlsKeyFile) }
  const provider = new IdentityProvider({ port: 0, tls, key: SigningKey.keptIn(keyFile) })
  before(() => provider.start())
  after(async () => {
    await provider.close()
    rmSync(folder, { recursive: true, force: true })
  })

  // oxlint-disable-next-line typescript/no-explicit-any -- answers are compared whole
  const call = (method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<any> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: provider.port, path, method, headers, agent: false as const }
      const request = send({ ...options, servername: 'localhost', ca: readFileSync(caFile) }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) }))
      })
      request.on('error', reject).end(body)
    })
  const form = ({ clientId, clientSecret }: Application, scope = `${RESOURCE}/.default`) => ({
    client_id: clientId,
    client_secret: clientSecret,
    grant_type: 'client_credentials',
    scope
  })
  const askToken = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    call('POST', `/${TENANT_ID}/oauth2/v2.0/token`, headers, new URLSearchParams(fields).toString())
  const claimsOf = async (token: string) => {
    const { body } = await call('GET', `/${TENANT_ID}/discovery/v2.0/keys`)
    return (await jwtVerify(token, createLocalJWKSet(body), { issuer: provider.issuer, algorithms: ['RS256'] })).payload
  }

  test('gives tokens in the form of Entra ID version 1, signed with a key that it publishes', async () => {
    const { status, body } = await askToken(form(appWithGroups))
    assert.equal(status, 200)
    const { access_token: token, ...rest } = body
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599 })
    const { iat, nbf, exp, uti, ...claims } = await claimsOf(token)
    assert.deepEqual(claims, {
      aud: RESOURCE,
      iss: `https://sts.windows.net/${TENANT_ID}/`,
      appid: appWithGroups.clientId,
      appidacr: '1',
      idtyp: 'app',
      oid: appWithGroups.objectId,
      sub: appWithGroups.objectId,
      tid: TENANT_ID,
      ver: '1.0',
      groups: [GROUP_ID]
    })
    assert.deepEqual([nbf, exp, typeof uti], [iat, Number(iat) + 3599, 'string'])
  })

  test('leaves groups out for the application that is to be asked for at Graph, and where Graph is the audience', async () => {
    for (const [application, scope] of [
      [appWithoutGroups, `${RESOURCE}/.default`],
      [appWithGroups, 'https://graph.example/.default']
    ] as const) {
      const { body } = await askToken(form(application, scope))
      assert.equal((await claimsOf(body.access_token)).groups, undefined)
    }
  })

  test('takes the secret from the form or from Basic, whose halves are form-encoded', async () => {
    const { client_id: id, client_secret: secret, ...rest } = form(appWithGroups)
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
    assert.equal((await askToken(rest, basic(`${id}:${secret.replaceAll('-', '%2D')}`))).status, 200)
    assert.equal((await askToken(rest, basic(`${id}:wrong`))).body.error, 'invalid_client')
    assert.deepEqual([(await askToken(rest, basic('%:x'))).status], [400])
  })

  for (const [what, change, status, error, code] of [
    ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    ['an unknown application', { client_id: UNKNOWN_ID }, 400, 'unauthorized_client', 700016],
    ['a scope that is no resource', { scope: 'openid' }, 400, 'invalid_scope', 1002012],
    ['a scope without a resource', { scope: '/.default' }, 400, 'invalid_scope', 1002012],
    ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type', 70003]
  ] as const) {
    test(`refuses ${what} as Entra ID does`, async () => {
      const answer = await askToken({ ...form(appWithGroups), ...change })
      assert.deepEqual([answer.status, answer.body.error, answer.body.error_codes], [status, error, [code]])
      assert.match(answer.body.error_description, new RegExp(`^AADSTS${code}: `))
    })
  }

  test('describes itself under the name by which it was called, its own or that of Entra ID', async () => {
    for (const host of [`localhost:${provider.port}`, ENTRA]) {
      const v2 = await call('GET', `/${TENANT_ID}/v2.0/.well-known/openid-configuration`, { host })
      assert.equal(v2.body.issuer, `https://${host}/${TENANT_ID}/v2.0`)
      assert.equal(v2.body.token_endpoint, `https://${host}/${TENANT_ID}/oauth2/v2.0/token`)
      assert.equal(v2.body.jwks_uri, `https://${host}/${TENANT_ID}/discovery/v2.0/keys`)
      const v1 = await call('GET', `/${TENANT_ID}/.well-known/openid-configuration`, { host })
      assert.equal(v1.body.issuer, provider.issuer, 'the issuer of the tokens that version 1 gives')
      const instance = await call('GET', '/common/discovery/instance?api-version=1.1', { host })
      assert.deepEqual(instance.body.metadata[0].aliases, [host])
    }
  })

  test('keeps its key over a restart, so that tokens stay valid', async () => {
    const { body } = await askToken(form(appWithGroups))
    assert.equal(SigningKey.keptIn(keyFile).keyId, decodeProtectedHeader(body.access_token).kid)
  })

  suite('as Microsoft Graph', () => {
    const ask = async (path: string, body: unknown, application = gatewayApp) => {
      const token = (await askToken(form(application, `${provider.url}/.default`))).body.access_token
      return call('POST', `/v1.0/${path}/checkMemberGroups`, { authorization: `Bearer ${token}` }, JSON.stringify(body))
    }

    test('names those of the groups that an application or user is a member of', async () => {
      const groupIds = [UNKNOWN_ID, GROUP_ID]
      for (const kind of ['servicePrincipals', 'users']) {
        const member = await ask(`${kind}/${appWithoutGroups.objectId}`, { groupIds })
        assert.deepEqual([member.status, member.body], [200, { value: [GROUP_ID] }])
      }
      assert.deepEqual((await ask(`servicePrincipals/${outsider.objectId}`, { groupIds })).body, { value: [] })
    })

    test('refuses more than 20 groups, and the whole call for one malformed id', async () => {
      const principal = `servicePrincipals/${appWithoutGroups.objectId}`
      assert.equal((await ask(principal, { groupIds: Array(20).fill(GROUP_ID) })).status, 200)
      for (const groupIds of [Array(21).fill(GROUP_ID), [GROUP_ID, 'not-a-guid'], GROUP_ID, undefined])
        assert.equal((await ask(principal, { groupIds })).status, 400, JSON.stringify(groupIds))
    })

    test('knows no stranger, and answers the gateway alone', async () => {
      const groupIds = [GROUP_ID]
      assert.equal((await ask(`servicePrincipals/${UNKNOWN_ID}`, { groupIds })).status, 404)
      assert.equal((await ask(`users/${outsider.objectId}`, { groupIds }, appWithGroups)).status, 401)
      const bare = await call('POST', `/v1.0/users/${outsider.objectId}/checkMemberGroups`, {}, '{}')
      assert.equal(bare.status, 401)
    })

    test('wants a token for Graph: one for the resource is refused', async () => {
      const token = (await askToken(form(gatewayApp))).body.access_token
      const path = `/v1.0/users/${outsider.objectId}/checkMemberGroups`
      assert.equal((await call('POST', path, { authorization: `Bearer ${token}` }, '{}')).status, 401)
    })
  })
})
