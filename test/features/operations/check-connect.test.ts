import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { tryConnections } from '../../../src/cli/connect/connect.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { localCertificates, type LocalCertificates } from '../../../src/dev/certificates/local-certificates.ts'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { kafkaJars } from '../../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../../src/dev/kafka/local-cluster.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { TestProvider } from '../../auth/provider.ts'
import { kafkaRestProxy } from '../../cli/support/command-line.ts'
import { serveMetadata } from '../../kafka/metadata/scripted-cluster.ts'
import { ScriptedBroker } from '../../kafka/transport/scripted-broker.ts'

const CLUSTER_ID = 'a2Fma2EtcmVzdC1wcm94eQ'
const ALL_WELL = 'All that the configuration names can be reached and used.'

interface Outcome {
  readonly lines: readonly string[]
  readonly verdict: string
}

const tried = async (settings: Readonly<Record<string, unknown>>): Promise<Outcome> => {
  const flags = { listen: { tls: 'none' }, auth: { mode: 'none' }, ...settings }
  let text = ''
  const report = await tryConnections(loadConfig({ env: {}, flags }).config, line => (text += line))
  assert.equal(report.failed, /^FAILED/m.test(text))
  return { lines: text.trimEnd().split('\n'), verdict: report.verdict }
}

const plain = (username = 'gateway', password = 'plain-secret') => ({ mechanism: 'PLAIN', username, password })

suite('check-config --connect, tried on Kafka', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-connect-'))
  let certificates: LocalCertificates
  let cluster: LocalCluster
  let [open, secured, mutual, lost] = ['', '', '', '']

  before(async () => {
    const libs = await kafkaJars('.local', () => undefined)
    certificates = localCertificates(join(folder, 'certs'))
    const keyStore = join(folder, 'broker.pem')
    writeFileSync(keyStore, readFileSync(certificates.keyFile, 'utf8') + readFileSync(certificates.certFile, 'utf8'))
    const [port, securedPort, mutualPort] = [await freePort(), await freePort(), await freePort()]
    const lostPort = await freePort()
    open = `127.0.0.1:${port}`
    secured = `localhost:${securedPort}`
    mutual = `localhost:${mutualPort}`
    lost = `127.0.0.1:${lostPort}`
    cluster = await LocalCluster.start({
      libs,
      dataDir: folder,
      brokers: 1,
      port,
      listeners: {
        SECURED: { protocol: 'SASL_SSL', host: 'localhost', port: securedPort },
        MUTUAL: { protocol: 'SSL', host: 'localhost', port: mutualPort },
        LOST: { protocol: 'PLAINTEXT', host: '127.0.0.1', port: lostPort }
      },
      properties: {
        'advertised.listeners': `PLAINTEXT://${open},SECURED://${secured},MUTUAL://${mutual},LOST://kafka-1.invalid:9092`,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS;User:gateway',
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': keyStore,
        'listener.name.mutual.ssl.truststore.type': 'PEM',
        'listener.name.mutual.ssl.truststore.location': certificates.caFile,
        'listener.name.mutual.ssl.client.auth': 'required',
        'listener.name.secured.sasl.enabled.mechanisms': 'PLAIN',
        'listener.name.secured.plain.sasl.jaas.config':
          'org.apache.kafka.common.security.plain.PlainLoginModule required user_gateway="plain-secret" user_reader="reader-secret";'
      }
    })
  })
  after(async () => {
    await cluster.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  const tls = () => ({ caFile: certificates.caFile })

  test('a plain cluster: a line for each step in the order of a connection, and a verdict', async () => {
    assert.deepEqual(await tried({ kafka: { bootstrapServers: [open] } }), {
      lines: [
        `ok       ${open}, of kafka.bootstrapServers: it takes connections`,
        `ok       ${open}, Kafka: it speaks the protocol of Kafka 4.1 or later`,
        `ok       ${open}: it belongs to cluster ${CLUSTER_ID}, which has 1 broker`,
        `ok       broker 1 at ${open}, its advertised address: connected; it speaks the protocol of Kafka 4.1 or later`,
        'ok       Kafka gives a producer id: the gateway may write'
      ],
      verdict: ALL_WELL
    })
  })

  test('TLS and SASL: whose certificate, and which user, but never the password', async () => {
    const { lines, verdict } = await tried({ kafka: { bootstrapServers: [secured], tls: tls(), sasl: plain() } })
    assert.match(
      lines[1],
      /^ok {7}localhost:\d+, TLS: the certificate of CN=localhost for DNS:localhost, .*, issued by CN=kafka-rest-gateway local CA, valid until \w{3} /
    )
    assert.equal(lines[3], `ok       ${secured}, SASL PLAIN: the broker takes user gateway`)
    assert.deepEqual([lines.length, verdict], [7, ALL_WELL])
    assert.doesNotMatch(lines.join('\n'), /plain-secret/)
  })

  test('as its callers the gateway connects as nobody, and shows only the users that it has for them', async () => {
    const credentials = ['reader-secret', 'wrong-secret'].map((password, at) => {
      const passwordFile = join(folder, `password-${at}`)
      writeFileSync(passwordFile, password)
      return { name: `user ${at}`, mechanism: 'PLAIN', username: 'reader', passwordFile }
    })
    const kafka = { bootstrapServers: [secured], tls: tls(), identity: 'caller', callerMechanism: 'PLAIN', credentials }
    const { lines } = await tried({ kafka, auth: { mode: 'on' } })
    assert.deepEqual(lines.slice(2, 4), [
      `ok       ${secured}, Kafka: it speaks the protocol of Kafka 4.1 or later`,
      'ok       kafka.credentials user 0, SASL PLAIN: the broker takes user reader'
    ])
    assert.match(lines[4], /^FAILED {3}kafka\.credentials user 1, SASL PLAIN: .*SASL authentication failed \(58\)/)
    assert.equal(lines.length, 5)
  })

  test('a wrong password is tried once, though there are several addresses', async () => {
    const sasl = plain('gateway', 'wrong-secret')
    const { lines } = await tried({ kafka: { bootstrapServers: [secured, secured], tls: tls(), sasl } })
    assert.equal(lines.length, 4)
    assert.match(
      lines[3],
      /^FAILED {3}localhost:\d+, SASL PLAIN: the credentials are refused: check kafka\.sasl \(SASL authentication failed \(58\): /
    )
    assert.doesNotMatch(lines.join('\n'), /wrong-secret/)
  })

  test('a mechanism that the broker does not offer is told with those that it does', async () => {
    const sasl = { ...plain(), mechanism: 'SCRAM-SHA-256' }
    const { lines } = await tried({ kafka: { bootstrapServers: [secured], tls: tls(), sasl } })
    assert.match(lines[3], /SASL SCRAM-SHA-256: .* is refused \(33\); the broker offers: PLAIN\)$/)
  })

  test('a certificate of a foreign authority: whose it is, why it is refused, what to check', async () => {
    const foreign = localCertificates(join(folder, 'foreign'))
    const kafka = { bootstrapServers: [secured], tls: { caFile: foreign.caFile }, sasl: plain() }
    const { lines, verdict } = await tried({ kafka })
    assert.equal(lines.length, 2)
    assert.match(
      lines[1],
      /^FAILED {3}localhost:\d+, TLS: the certificate is not trusted: check kafka\.tls\.caFile \(the certificate of CN=localhost.*: .*(certificate|signature).*\)$/
    )
    assert.equal(verdict, `1 of 2 steps failed. First: ${lines[1].slice('FAILED   '.length)}`)
  })

  test('a client certificate that the broker misses or does not trust is what is to be checked', async () => {
    const foreign = localCertificates(join(folder, 'foreign'))
    for (const own of [{}, { certFile: foreign.certFile, keyFile: foreign.keyFile }]) {
      const { lines } = await tried({ kafka: { bootstrapServers: [mutual], tls: { ...tls(), ...own } } })
      assert.match(
        String(lines.at(-1)),
        /^FAILED .*: the broker refuses the gateway's client certificate, or wants one: check kafka\.tls\.certFile \(/
      )
    }
  })

  test('OAUTHBEARER: the token endpoint is a step of its own', async t => {
    const provider = new TestProvider()
    await provider.start()
    t.after(() => provider.stop())
    const tokenUrl = `${provider.issuer}/token`
    const sasl = { mechanism: 'OAUTHBEARER', tokenUrl, clientId: 'gateway', clientSecret: 'hush' }
    const triedWith = () => tried({ kafka: { bootstrapServers: [secured], tls: tls(), sasl } })
    const { lines } = await triedWith()
    assert.equal(lines[3], `ok       ${tokenUrl}, of kafka.sasl.tokenUrl: it gives a token`)
    assert.match(lines[4], /SASL OAUTHBEARER: .* is refused \(33\); the broker offers: PLAIN\)$/)
    provider.secretExpired = true
    assert.equal(
      (await triedWith()).lines[3],
      `FAILED   ${tokenUrl}, of kafka.sasl.tokenUrl: ${tokenUrl} answered 401 "invalid_client"`
    )
  })

  test('TLS and SASL on the wrong port, or missing, are guessed', async () => {
    const reasons = []
    for (const [server, settings] of [
      [open, { tls: tls() }],
      [open, { sasl: plain() }],
      [secured, {}],
      [secured, { tls: tls() }]
    ] as const)
      reasons.push((await tried({ kafka: { bootstrapServers: [server], ...settings } })).lines.at(-1))
    assert.match(String(reasons[0]), /, TLS: the port does not speak TLS: leave out kafka\.tls, /)
    assert.match(String(reasons[1]), /, SASL PLAIN: the listener does not use SASL: leave out kafka\.sasl, /)
    assert.match(String(reasons[2]), /, Kafka: .*; if the listener wants TLS, set kafka\.tls$/)
    assert.match(String(reasons[3]), /does not tell its cluster: .*; if the listener wants SASL, set kafka\.sasl$/)
  })

  test('two addresses of different clusters are told apart', async t => {
    const other = await ScriptedBroker.start()
    t.after(() => other.close())
    serveMetadata(other).brokers = [{ id: 1, host: '127.0.0.1', port: other.port, rack: null }]
    const { lines } = await tried({ kafka: { bootstrapServers: [open, other.address] } })
    assert.match(lines[5], new RegExp(`^FAILED .*: it belongs to cluster .*, but ${open} to cluster ${CLUSTER_ID}$`))
  })

  test('an advertised name that cannot be resolved is told with where it comes from; the exit code is 1', async () => {
    const argv = ['check-config', '--connect']
    const { exitCode, stdout, stderr } = await kafkaRestProxy(argv, {
      KAFKA_REST_LISTEN_TLS: 'none',
      KAFKA_REST_AUTH_MODE: 'none',
      KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS: lost
    })
    const failure = `broker 1 at kafka-1.invalid:9092 (from the metadata of ${lost}): the name cannot be resolved (getaddrinfo ENOTFOUND kafka-1.invalid). Check advertised.listeners of the broker`
    assert.deepEqual(stdout.split('\n').slice(3), [
      `FAILED   ${failure}`,
      'ok       Kafka gives a producer id: the gateway may write',
      ''
    ])
    assert.deepEqual([exitCode, stderr], [1, `1 of 5 steps failed. First: ${failure}\n`])
  })

  test('a user who may not write is warned of; the exit code is 0', async () => {
    const config = join(folder, 'reader.yaml')
    writeFileSync(
      config,
      `listen: { tls: none }
auth: { mode: none }
kafka:
  bootstrapServers: ['${secured}']
  tls: { caFile: ${certificates.caFile} }
  sasl: { mechanism: PLAIN, username: reader, password: reader-secret }
`
    )
    const { exitCode, stdout, stderr } = await kafkaRestProxy(['check-config', '--connect', '--config', config])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.deepEqual(stdout.split('\n').slice(-3), [
      'warning  Kafka gives no producer id, so every write is refused: InitProducerId: CLUSTER_AUTHORIZATION_FAILED. Before Kafka 2.8 the Kafka user needs IdempotentWrite on the cluster. From Kafka 2.8 on Write on any topic is enough',
      `${ALL_WELL.slice(0, -1)}, with 1 warning.`,
      ''
    ])
  })

  test('one bootstrap address of two where nobody listens fails, and the other is tried', async () => {
    const nobody = `127.0.0.1:${await freePort()}`
    const { lines } = await tried({ kafka: { bootstrapServers: [nobody, open] } })
    assert.match(
      lines[0],
      /^FAILED {3}127\.0\.0\.1:\d+, of kafka\.bootstrapServers: the connection is refused: nothing listens there, or a firewall is in between \(connect ECONNREFUSED /
    )
    assert.deepEqual([lines.length, lines.filter(line => line.startsWith('ok')).length], [6, 5])
  })
})

test('an address that takes connections and says nothing is given up at the time limit for connecting', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise(resolve => server.once('listening', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const startedMs = performance.now()
  const { lines } = await tried({ kafka: { bootstrapServers: [address], connectTimeoutMs: 300 } })
  assert.ok(performance.now() - startedMs < 3000)
  assert.match(lines[1], /, Kafka: .*no answer within 300 ms; if the listener wants TLS, set kafka\.tls$/)
})

test('a broker that quotes the password, or steers the terminal, is quoted without', async t => {
  const broker = await ScriptedBroker.start()
  t.after(() => broker.close())
  const refusal = new WireWriter(true)
    .int16(58)
    .string('no plain-secret here\u001b[2J')
    .bytes(Buffer.alloc(0))
    .int64(0n)
  broker.apis.set(17, {
    max: 1,
    flexibleSince: 99,
    serve: ({ answer }) => answer(new WireWriter(false).int16(0).arrayLength(0).finish())
  })
  broker.apis.set(36, { max: 2, flexibleSince: 2, serve: ({ answer }) => answer(refusal.noTags().finish()) })
  const { lines } = await tried({ kafka: { bootstrapServers: [broker.address], sasl: plain() } })
  assert.match(String(lines.at(-1)), /failed \(58\): no \(hidden\) here \[2J\)$/)
})

suite('check-config --connect, tried on providers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-connect-'))
  let provider: TestProvider
  let kafka: object
  before(async () => {
    // Kafka's part is told above: here it fails at once.
    kafka = { bootstrapServers: [`127.0.0.1:${await freePort()}`] }
  })
  after(() => rmSync(folder, { recursive: true, force: true }))
  const withProvider = (name: string, check: () => Promise<void>): void =>
    void test(name, async t => {
      provider = new TestProvider()
      await provider.start()
      t.after(() => provider.stop())
      await check()
    })
  const group = '11111111-1111-4111-8111-111111111111'
  const triedAuth = async (own: object = {}, auth: object = {}) => {
    const oidc = [{ issuer: provider.issuer, audience: ['a'], ...own }]
    const { lines } = await tried({ kafka, auth: { oidc, permittedGroups: [group], ...auth } })
    return lines.slice(1)
  }
  const graph = () => ({
    baseUrl: `${provider.issuer}/graph`,
    tokenUrl: `${provider.issuer}/token`,
    clientId: 'gateway',
    clientSecret: 'graph-secret'
  })

  withProvider('discovery, keys and Graph are told in this order', async () => {
    provider.onGraph = (_request, _body, response) => response.writeHead(404).end('{}')
    assert.deepEqual(await triedAuth({}, { graph: graph() }), [
      `ok       ${provider.issuer}, discovery of auth.oidc[0]: the keys are at ${provider.issuer}/keys`,
      `ok       ${provider.issuer}/keys, keys of auth.oidc[0]: 1 key`,
      "ok       Microsoft Graph, of auth.graph: it takes the gateway's credentials, and tells memberships"
    ])
  })

  withProvider('a provider that answers nonsense is told with the address and what it said', async () => {
    provider.rawAnswer = '<html>\u001b[31m'
    assert.deepEqual((await triedAuth()).slice(1), [
      `FAILED   ${provider.issuer}/keys, keys of auth.oidc[0]: ${provider.issuer}/keys answered 200, but its body of 11 bytes (application/json, identity) is no JSON`
    ])
    provider.claimedIssuer = 'https://other.example/\u001b[31m'
    assert.deepEqual(await triedAuth(), [
      `FAILED   ${provider.issuer}, discovery of auth.oidc[0]: discovery names another issuer: "https://other.example/\\u001b[31m"`
    ])
    provider.down = true
    assert.match((await triedAuth())[0], /: http:\S+\/openid-configuration answered 500$/)
  })

  withProvider('the setting to check is that of the provider, and a proxy is named', async () => {
    const certificates = localCertificates(join(folder, 'certs'))
    const tls = { cert: readFileSync(certificates.certFile), key: readFileSync(certificates.keyFile) }
    const secure = new TestProvider(tls)
    await secure.start()
    const oidc = [{ issuer: secure.issuer, audience: ['a'] }]
    const { lines } = await tried({ kafka, auth: { oidc, permittedGroups: [group], graph: graph() } })
    assert.match(lines[1], /: the certificate is not trusted: check auth\.oidc\[0\]\.caFile \(/)
    await secure.stop()
    const { stdout } = await kafkaRestProxy(['check-config', '--connect'], {
      KAFKA_REST_LISTEN_TLS: 'none',
      KAFKA_REST_AUTH_OIDC: JSON.stringify(oidc),
      KAFKA_REST_AUTH_PERMITTED_GROUPS: group,
      KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1',
      HTTPS_PROXY: 'user:hush@127.0.0.1:1'
    })
    assert.match(stdout, /the connection is refused: .*; the environment names a proxy: HTTPS_PROXY$/m)
    assert.doesNotMatch(stdout, /hush/)
  })

  withProvider('keys that fit none of the configured algorithms are no use', async () => {
    assert.match(
      (await triedAuth({ algorithms: ['ES256'] }))[1],
      /^FAILED .*: none of 1 key fits ES256: check auth\.oidc\[0\]\.algorithms$/
    )
  })

  withProvider('Graph that refuses the secret, or the permission, is told; the secret is not', async () => {
    provider.secretExpired = true
    const [, , refused] = await triedAuth({}, { graph: graph() })
    assert.match(refused, /^FAILED .*auth\.graph: .*\/token answered 401 "invalid_client"$/)
    provider.secretExpired = false
    provider.onGraph = (_request, _body, response) => response.writeHead(403).end('{}')
    const [, , forbidden] = await triedAuth({}, { graph: graph() })
    assert.match(forbidden, /^FAILED .*auth\.graph: Graph answered 403$/)
  })
})
