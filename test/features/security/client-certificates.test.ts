import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, suite, test, type TestContext } from 'node:test'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { CertificateReader, type ClientCertificate } from '../../../src/auth/certificates/client-certificate.ts'
import { ForwardedCertificates } from '../../../src/auth/certificates/forwarded-certificates.ts'
import { PathValidation } from '../../../src/auth/certificates/path-validation.ts'
import { appWithGroups } from '../../../src/dev/identity/directory.ts'
import { until } from '../../integrity/support/workers.ts'
import { Authority, FOR_SERVERS, type Issued } from '../../support/authority.ts'
import { TestGateway } from '../../support/gateway.ts'

/** Answered without Kafka: 400 for who may read the topic, 404 for all others who are let in. */
const READ = '/v1/consumer/topics/orders/partitions/0/offsets/x'
const LET_IN = '400 INVALID_OFFSET'
const REFUSED = '401 INVALID_CREDENTIALS'

interface Ask {
  readonly port: number
  readonly client?: Pick<Issued, 'cert' | 'key'> | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly path?: string
}

suite('A gateway that asks for client certificates', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-certified-'))
  const [trusted, stranger] = [new Authority(folder, 'trusted'), new Authority(folder, 'stranger')]
  const [server, renewed] = [trusted, trusted].map(each =>
    each.issue({ subject: '/CN=localhost', extensions: FOR_SERVERS })
  )
  const billing = trusted.issue({ subject: '/O=Shop/OU=ServiceUsers/CN=Billing' })
  const leaver = trusted.issue({ subject: '/O=Shop/OU=ServiceUsers/CN=Billing' })
  const files = { certFile: join(folder, 'cert'), keyFile: join(folder, 'key'), clientCrlFile: join(folder, 'crl') }

  const use = ({ certFile, keyFile }: Issued) => {
    copyFileSync(certFile, files.certFile)
    copyFileSync(keyFile, files.keyFile)
  }
  const ask = async ({ port, client, headers = {}, path = READ }: Ask) => {
    const sent = request({
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      path,
      headers,
      ca: trusted.cert,
      ...client,
      agent: false
    })
    const [answer] = await once(sent.end(), 'response')
    const body = JSON.parse(await text(answer)) as { code?: string }
    return {
      outcome: `${answer.statusCode} ${body.code}`,
      challenge: answer.headers['www-authenticate'] as string | undefined
    }
  }
  const start = async (t: TestContext, clientAuth: 'request' | 'require', more: object = {}) => {
    const gateway = await TestGateway.start({
      bootstrapServers: ['127.0.0.1:1'],
      awaitReady: false,
      settings: {
        listen: { tls: { ...files, clientCaFile: trusted.certFile, clientAuth } },
        auth: {
          certificates: { mappingRules: ['RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L'], ...more },
          rules: [
            { issuers: ['certificate'], principals: ['billing'], operations: ['read'], topics: ['orders'] },
            { groups: ['none'], operations: ['read'], topics: ['orders'] }
          ]
        }
      }
    })
    t.after(() => gateway.close())
    return gateway
  }

  before(() => {
    use(server)
    copyFileSync(trusted.crlFile, files.clientCrlFile)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test(
    'lets in whom a certificate names by the mapping rules, and refuses all others with one text',
    { timeout: 60_000 },
    async t => {
      const gateway = await start(t, 'request')
      const outcome = async (client?: Issued) => (await ask({ port: gateway.port, client })).outcome
      assert.equal(await outcome(billing), LET_IN)
      assert.equal(await outcome(), '401 UNAUTHENTICATED')
      const refused = [
        stranger.issue({ subject: '/O=Shop/OU=ServiceUsers/CN=Billing' }),
        trusted.issue({ subject: '/O=Shop/OU=ServiceUsers/CN=Billing', expired: true }),
        trusted.issue({ subject: '/O=Shop/OU=ServiceUsers/CN=Billing', extensions: FOR_SERVERS }),
        trusted.issue({ subject: '/O=Shop/OU=Strangers/CN=Billing' })
      ]
      for (const each of refused) assert.equal(await outcome(each), REFUSED)
      assert.equal(await outcome(trusted.issue({ subject: '/O=Shop/OU=ServiceUsers/CN=Other' })), '403 NOT_PERMITTED')
    }
  )

  test(
    'takes another credential for the caller, and falls back to the certificate for none',
    { timeout: 60_000 },
    async t => {
      const gateway = await start(t, 'request')
      const { port } = gateway
      const outcome = async (headers: Readonly<Record<string, string>>, client: Issued = billing) =>
        (await ask({ port, client, headers })).outcome
      const token = `Bearer ${await gateway.token(appWithGroups)}`
      assert.equal(await outcome({ authorization: token }), '404 TOPIC_NOT_FOUND', 'the token may nothing here')
      assert.equal(await outcome({ authorization: 'Bearer x' }), '401 INVALID_TOKEN')
      assert.equal(await outcome({ authorization: 'Basic eDp5' }), '401 UNAUTHENTICATED')
      assert.equal(await outcome({ 'x-api-key': 'x' }), '401 UNAUTHENTICATED')
      assert.equal(await outcome({ 'sec-fetch-site': 'cross-site' }), '403 NOT_PERMITTED', 'sent by a browser unasked')
      assert.equal(await outcome({ origin: 'https://evil.example' }), '403 NOT_PERMITTED')
      const bad = stranger.issue({ subject: '/CN=x' })
      assert.equal(
        await outcome({ authorization: token }, bad),
        '404 TOPIC_NOT_FOUND',
        'a bad certificate beside it is none'
      )
    }
  )

  test('with require answers every request but health with 401 that lacks one', { timeout: 60_000 }, async t => {
    const gateway = await start(t, 'require')
    const { port } = gateway
    const authorization = `Bearer ${await gateway.token(appWithGroups)}`
    assert.equal((await ask({ port, headers: { authorization } })).outcome, '401 CERTIFICATE_NEEDED')
    assert.equal(
      (await ask({ port, headers: { authorization }, client: stranger.issue({ subject: '/CN=x' }) })).outcome,
      '401 CERTIFICATE_NEEDED'
    )
    // A token that is known by now does not let in without it.
    assert.equal((await ask({ port, headers: { authorization }, client: billing })).outcome, '404 TOPIC_NOT_FOUND')
    assert.equal((await ask({ port, headers: { authorization } })).outcome, '401 CERTIFICATE_NEEDED')
    assert.equal((await ask({ port, client: billing })).outcome, LET_IN)
    assert.equal((await ask({ port, path: '/health/live' })).outcome, '200 undefined')
  })

  test('names a caller by an alternative name, of which there must be one', { timeout: 60_000 }, async t => {
    const { port } = await start(t, 'request', {
      name: 'san.uri',
      mappingRules: [String.raw`RULE:^spiffe:\/\/shop\/(.*)$/$1/`]
    })
    const issued = (...names: readonly string[]) =>
      trusted.issue({ subject: '/CN=x', extensions: [`subjectAltName=${['DNS:billing', ...names].join(',')}`] })
    assert.equal((await ask({ port, client: issued('URI:spiffe://shop/billing') })).outcome, LET_IN)
    assert.equal(
      (await ask({ port, client: issued('URI:spiffe://shop/billing', 'URI:spiffe://shop/b') })).outcome,
      REFUSED
    )
    assert.equal((await ask({ port, client: issued() })).outcome, REFUSED)
  })

  const versions: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3']
  for (const version of versions) {
    test(
      `shuts out a certificate that is revoked, on open connections and in resumed sessions of ${version}`,
      { timeout: 60_000 },
      async t => {
        const own = version === 'TLSv1.2' ? leaver : trusted.issue({ subject: '/O=Shop/OU=ServiceUsers/CN=Billing' })
        const gateway = await start(t, 'request')
        const { port } = gateway
        const options = {
          host: '127.0.0.1',
          port,
          servername: 'localhost',
          ca: trusted.cert,
          cert: own.cert,
          key: own.key,
          maxVersion: version
        }
        const socket = connect(options)
        const sessions: Buffer[] = []
        socket.on('session', session => void sessions.push(session))
        await once(socket, 'secureConnect')
        assert.match(await askOn(socket), /^HTTP\/1\.1 400 /)
        const closed = once(socket, 'close')
        trusted.revoke(own)
        copyFileSync(trusted.crlFile, files.clientCrlFile)
        await closed
        assert.notEqual(sessions.length, 0)
        const resumed = connect({ ...options, session: sessions[sessions.length - 1] })
        await once(resumed, 'secureConnect')
        assert.match(await askOn(resumed), /^HTTP\/1\.1 401 /)
        resumed.destroy()
        assert.equal((await ask({ port, client: billing })).outcome, LET_IN)
      }
    )
  }

  test('trusts no other authority once its own certificate was renewed', { timeout: 60_000 }, async t => {
    const { port } = await start(t, 'request')
    use(renewed)
    const fresh = new Set([serialOf(readFileSync(renewed.certFile))])
    await until('the new certificate is served', async () => fresh.has(await serverSerial(port, trusted.cert)))
    assert.equal((await ask({ port, client: billing })).outcome, LET_IN)
    assert.equal(
      (await ask({ port, client: stranger.issue({ subject: '/O=Shop/OU=ServiceUsers/CN=Billing' }) })).outcome,
      REFUSED
    )
    use(server)
  })

  test('lets nobody renegotiate', { timeout: 60_000 }, async t => {
    const { port } = await start(t, 'request')
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: trusted.cert,
      maxVersion: 'TLSv1.2'
    })
    await once(socket, 'secureConnect')
    const refused = once(socket, 'error')
    socket.renegotiate({}, () => undefined)
    await refused
    socket.destroy()
  })
})

suite('A gateway behind a proxy that ends TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-forwarded-'))
  const [trusted, stranger] = [new Authority(folder, 'trusted'), new Authority(folder, 'stranger')]
  const server = trusted.issue({ subject: '/CN=localhost', extensions: FOR_SERVERS })
  const billing = trusted.issue({ subject: '/CN=billing' })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const sequence = (pem: string) => `:${new X509Certificate(pem).raw.toString('base64')}:`
  const start = async (t: TestContext, certificates: object, tls: object = {}, listen: object = {}) => {
    const gateway = await TestGateway.start({
      bootstrapServers: ['127.0.0.1:1'],
      awaitReady: false,
      settings: {
        listen: {
          ...listen,
          tls: {
            certFile: server.certFile,
            keyFile: server.keyFile,
            clientCaFile: trusted.certFile,
            clientCrlFile: trusted.crlFile,
            ...tls
          }
        },
        auth: {
          certificates: { mappingRules: ['RULE:^CN=(.*)$/$1/'], headerFrom: ['127.0.0.0/8'], ...certificates },
          rules: [{ issuers: ['certificate'], principals: ['billing'], operations: ['read'], topics: ['orders'] }]
        }
      }
    })
    t.after(() => gateway.close())
    return async (headers: Readonly<Record<string, string>>, client: Partial<Issued> = {}) => {
      const { cert, key } = client
      const own = cert === undefined ? {} : { cert, key }
      const options = { host: '127.0.0.1', servername: 'localhost', port: gateway.port, path: READ, ca: trusted.cert }
      const [answer] = await once(request({ ...options, headers, ...own, agent: false }).end(), 'response')
      return `${answer.statusCode} ${(JSON.parse(await text(answer)) as { code?: string }).code}`
    }
  }

  test('believes the certificate that the proxy passes on, after judging it itself', { timeout: 60_000 }, async t => {
    const revoked = trusted.issue({ subject: '/CN=billing' })
    trusted.revoke(revoked)
    const ask = await start(t, { header: 'rfc9440' })
    assert.equal(await ask({ 'client-cert': sequence(billing.cert) }), LET_IN)
    assert.equal(await ask({ 'client-cert': sequence(billing.cert) }), LET_IN, 'remembered')
    assert.equal(await ask({}), '401 UNAUTHENTICATED')
    const refused: Readonly<Record<string, string>> = {
      'of another authority': sequence(stranger.issue({ subject: '/CN=billing' }).cert),
      expired: sequence(trusted.issue({ subject: '/CN=billing', expired: true }).cert),
      'not for clients': sequence(trusted.issue({ subject: '/CN=billing', extensions: FOR_SERVERS }).cert),
      revoked: sequence(revoked.cert),
      'two of them': `${sequence(billing.cert)}, ${sequence(billing.cert)}`,
      'a string': `"${sequence(billing.cert)}"`,
      'no certificate': ':aGVsbG8=:',
      'PEM with escapes': encodeURIComponent(billing.cert),
      'too long': `:${'A'.repeat(17_000)}:`
    }
    for (const [what, field] of Object.entries(refused))
      assert.equal(await ask({ 'client-cert': field }), REFUSED, what)
    assert.equal(await ask({ 'client-cert': sequence(billing.cert), client_cert: sequence(billing.cert) }), REFUSED)
    assert.equal(
      await ask({ 'client-cert': sequence(billing.cert), authorization: 'Bearer x' }),
      '401 INVALID_TOKEN',
      'another credential names the caller'
    )
    assert.equal(
      await ask({ 'client-cert': sequence(billing.cert), 'sec-fetch-site': 'cross-site' }),
      '403 NOT_PERMITTED',
      'sent by a browser unasked'
    )
  })

  test('reads the field of nginx, whatever its name', { timeout: 60_000 }, async t => {
    const ask = await start(t, { header: 'pem-urlencoded', headerName: 'X-SSL-Cert' })
    assert.equal(await ask({ 'x-ssl-cert': encodeURIComponent(billing.cert) }), LET_IN)
    assert.equal(await ask({ 'x-ssl-cert': encodeURIComponent(billing.cert + billing.cert) }), REFUSED)
    assert.equal(await ask({ 'x-ssl-cert': '%zz' }), REFUSED)
    assert.equal(await ask({ 'client-cert': sequence(billing.cert) }), '401 UNAUTHENTICATED')
  })

  test('ignores the field of everybody else', { timeout: 60_000 }, async t => {
    const beyond = { headerFrom: ['10.0.0.0/8'], headerProxies: ['CN=proxy'] }
    const ask = await start(t, { header: 'rfc9440', ...beyond }, { clientAuth: 'request' })
    assert.equal(await ask({ 'client-cert': sequence(billing.cert) }), '401 UNAUTHENTICATED')
    assert.equal(
      await ask({ 'client-cert': sequence(billing.cert) }, trusted.issue({ subject: '/CN=other' })),
      '403 NOT_PERMITTED'
    )
  })
})

/** The proxies of another machine are tried with the parts alone: every test comes from loopback. */
test('a proxy on another machine proves by its own certificate who it is, and is nobody itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-proxies-'))
  const authority = new Authority(folder, 'trusted')
  const reader = await CertificateReader.load({ name: 'subject', mappingRules: ['DEFAULT'] })
  const config = {
    name: 'subject' as const,
    mappingRules: ['DEFAULT'],
    header: 'rfc9440' as const,
    headerName: 'Client-Cert',
    headerFrom: ['10.0.0.0/8'],
    headerProxies: ['CN=proxy']
  }
  const validation = new PathValidation({ ca: readFileSync(authority.certFile) })
  const clocks = { now: Date.now, steadyNow: () => performance.now() }
  const forwarded = new ForwardedCertificates(config, reader, validation, clocks)
  const read = (subject: string, distrust?: string) =>
    reader.read(new X509Certificate(authority.issue({ subject }).cert), distrust)
  const from = (peer: string, certificate: ClientCertificate | undefined) =>
    forwarded.isFromProxy({ headers: {}, address: peer, target: '/', connection: { address: peer, certificate } })
  assert.equal(from('10.1.2.3', read('/CN=proxy')), true)
  assert.equal(from('::ffff:10.1.2.3', read('/CN=proxy')), true)
  assert.equal(from('10.1.2.3', read('/CN=other')), false)
  assert.equal(from('10.1.2.3', read('/CN=proxy', 'unable to verify')), false)
  assert.equal(from('10.1.2.3', undefined), false)
  assert.equal(from('11.1.2.3', read('/CN=proxy')), false)
  assert.equal(from('127.0.0.1', read('/CN=proxy')), false)
  const before = read('/CN=proxy')
  reader.renew()
  assert.equal(from('10.1.2.3', before), false, 'its authority was replaced')
  rmSync(folder, { recursive: true, force: true })
})

async function askOn(socket: TLSSocket): Promise<string> {
  socket.write(`GET ${READ} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return bytes.toString('latin1')
}

const serialOf = (pem: Buffer): string => new X509Certificate(pem).serialNumber

async function serverSerial(port: number, ca: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}
