import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test, type TestContext } from 'node:test'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { once } from 'node:events'
import { appWithGroups } from '../../../src/dev/identity/directory.ts'
import { Authority, FOR_SERVERS, type Issued } from '../../support/authority.ts'
import { TestGateway } from '../../support/gateway.ts'
import { until } from '../../integrity/support/workers.ts'

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
