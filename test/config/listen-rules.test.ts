import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Folder, leastEnvironment, problemsOf, provider } from './support/configs.ts'

const folder = new Folder()
const judge = (flags: Record<string, unknown>, env: NodeJS.ProcessEnv = leastEnvironment): string[] =>
  problemsOf({ env, flags }).map(problem => problem.replaceAll(`${folder.path}/`, ''))

test('trusted proxies are networks, and are needed where a field names the client', () => {
  const listen = (part: Record<string, unknown>) => judge({ listen: part })
  assert.deepEqual(listen({ trustedProxies: ['10.0.0.0/8', '::1'], clientAddressFrom: 'forwarded' }), [])
  assert.deepEqual(listen({ proxyProtocol: 'required', proxyProtocolFrom: ['10.0.0.0/8'] }), [])
  assert.deepEqual(listen({ proxyProtocol: 'required' }), [
    'listen.proxyProtocolFrom is missing: without it every connection would be closed'
  ])
  assert.deepEqual(listen({ proxyProtocolFrom: ['10.0.0.0/8'] }), [
    'flag: listen.proxyProtocolFrom has no meaning while listen.proxyProtocol is off'
  ])
  assert.deepEqual(listen({ clientAddressFrom: 'forwarded' }), [
    'listen.trustedProxies is missing: listen.clientAddressFrom is believed of those proxies only'
  ])
  assert.match(
    listen({ trustedProxies: ['10.0.0.0/33'] })[0],
    /listen\.trustedProxies\[0\] holds what is none: "10\.0\.0\.0\/33"/
  )
  assert.match(
    listen({ trustedProxies: ['proxy.example'] })[0],
    /must be a network such as 10\.0\.0\.0\/8, not "proxy\.example"/
  )
})

test('client certificates need authorities, and somebody who looks at them', () => {
  const { KAFKA_REST_LISTEN_TLS: _, ...env } = leastEnvironment
  const [certFile, keyFile, clientCaFile] = ['c', 'k', 'a'].map(name => folder.write(name, 'pem'))
  const files = { certFile, keyFile }
  const asked = { ...files, clientAuth: 'request', clientCaFile }
  const certificates = { name: 'subject' }
  const tokens = { mode: 'on', oidc: [provider], permittedGroups: ['00000000-0000-4000-8000-000000000001'] }
  const rules = [{ issuers: ['certificate'], principals: ['a'], operations: ['read'], topics: ['t'] }]
  const problems = (tls: object, auth: object) => judge({ listen: { tls }, auth: { mode: 'on', ...auth } }, env)
  assert.deepEqual(problems(asked, { certificates, rules }), [])
  assert.deepEqual(problems({ ...asked, clientAuth: 'require' }, tokens), [])
  assert.deepEqual(problems({ ...files, clientAuth: 'require' }, tokens), [
    'listen.tls.clientCaFile is missing: it says whose certificates listen.tls.clientAuth trusts'
  ])
  assert.deepEqual(problems({ ...files, clientCaFile }, tokens), [
    'flag: listen.tls.clientCaFile has no meaning while listen.tls.clientAuth is off'
  ])
  assert.deepEqual(problems(files, { certificates, rules }), [
    'flag: auth.certificates needs listen.tls.clientAuth: request or require; nobody would be asked for a certificate'
  ])
  assert.deepEqual(problems(asked, tokens), [
    'auth.certificates is missing: listen.tls.clientAuth is request, and no certificate would count'
  ])
  assert.deepEqual(judge({ listen: { tls: { ...asked, clientAuth: 'require' } }, auth: { mode: 'none' } }, env), [
    'flag: listen.tls.clientAuth has no meaning with auth.mode: none'
  ])
})

test('a certificate in a header is believed of nobody by mistake', () => {
  const { KAFKA_REST_LISTEN_TLS: _, ...env } = leastEnvironment
  const [certFile, keyFile, clientCaFile] = ['c', 'k', 'a'].map(name => folder.write(name, 'pem'))
  const rules = [{ issuers: ['certificate'], principals: ['a'], operations: ['read'], topics: ['t'] }]
  const problems = (certificates: object, tls: object = {}, listen: object = {}) =>
    judge(
      {
        listen: { ...listen, tls: { certFile, keyFile, ...tls } },
        auth: { mode: 'on', certificates: { header: 'rfc9440', ...certificates }, rules }
      },
      env
    ).map(problem => problem.replace('flag: ', ''))
  const local = { headerFrom: ['127.0.0.1', '::1/128'] }
  assert.deepEqual(problems(local, { clientCaFile }), [])
  assert.deepEqual(problems({}, { clientCaFile }), [
    'auth.certificates.headerFrom is missing: the field would be ignored'
  ])
  assert.deepEqual(problems(local), [
    'listen.tls.clientCaFile is missing: it says whose certificates auth.certificates.header may hold'
  ])
  assert.deepEqual(problems({ headerFrom: ['10.0.0.0/8'] }, { clientCaFile }), [
    'auth.certificates.headerProxies is missing: proxies on other machines prove by their certificate who they are',
    'listen.tls.clientAuth is off: proxies on other machines could not show their certificate'
  ])
  const beyond = { headerFrom: ['10.0.0.0/8'], headerProxies: ['CN=p'] }
  assert.deepEqual(problems(beyond, { clientCaFile, clientAuth: 'request' }), [])
  const listen = { proxyProtocol: 'required', proxyProtocolFrom: ['10.0.0.0/8'] }
  assert.deepEqual(problems(local, { clientCaFile }, listen), [
    'auth.certificates.header cannot be believed with listen.proxyProtocol: a header names who is connected'
  ])
})
