import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { localCertificates, type LocalCertificates } from '../../../src/dev/certificates/local-certificates.ts'
import { gatewayApp } from '../../../src/dev/identity/directory.ts'
import { IdentityProvider } from '../../../src/dev/identity/identity-provider.ts'
import { SigningKey } from '../../../src/dev/identity/signing-key.ts'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { kafkaJars } from '../../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../../src/dev/kafka/local-cluster.ts'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'
import { manage } from '../metrics/support.ts'

const run = promisify(execFile)
const AUDIENCE = 'https://kafka.example'

suite('A Kafka that wants TLS and SASL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-sasl-'))
  let certificates: LocalCertificates
  let identity: IdentityProvider
  let cluster: LocalCluster
  let bootstrap: string
  /** Wants a client certificate. */
  let mutual: string

  before(async () => {
    const libs = await kafkaJars('.local', () => undefined)
    certificates = localCertificates(join(folder, 'certs'))
    const key = SigningKey.generate()
    const tls = { cert: readFileSync(certificates.certFile), key: readFileSync(certificates.keyFile) }
    identity = new IdentityProvider({ port: 0, tls, key })
    await identity.start()
    const jwksFile = join(folder, 'jwks.json')
    writeFileSync(jwksFile, JSON.stringify({ keys: [await key.publicJwk()] }))
    const keyStore = join(folder, 'broker.pem')
    writeFileSync(keyStore, readFileSync(certificates.keyFile, 'utf8') + readFileSync(certificates.certFile, 'utf8'))
    const port = await freePort()
    const mutualPort = await freePort()
    bootstrap = `localhost:${port}`
    mutual = `localhost:${mutualPort}`
    const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
    const secured = `listener.name.secured`
    cluster = await LocalCluster.start({
      libs,
      dataDir: folder,
      brokers: 1,
      jvmFlags: [
        `-Dorg.apache.kafka.sasl.oauthbearer.allowed.files=${jwksFile}`,
        `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://${jwksFile}`
      ],
      listeners: {
        SECURED: { protocol: 'SASL_SSL', host: 'localhost', port },
        MUTUAL: { protocol: 'SSL', host: 'localhost', port: mutualPort }
      },
      properties: {
        'listener.name.mutual.ssl.keystore.type': 'PEM',
        'listener.name.mutual.ssl.keystore.location': keyStore,
        'listener.name.mutual.ssl.truststore.type': 'PEM',
        'listener.name.mutual.ssl.truststore.location': certificates.caFile,
        'listener.name.mutual.ssl.client.auth': 'required',
        [`${secured}.ssl.keystore.type`]: 'PEM',
        [`${secured}.ssl.keystore.location`]: keyStore,
        [`${secured}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
        [`${secured}.plain.sasl.jaas.config`]:
          'org.apache.kafka.common.security.plain.PlainLoginModule required user_gateway="plain-secret";',
        [`${secured}.scram-sha-256.sasl.jaas.config`]: scram,
        [`${secured}.scram-sha-512.sasl.jaas.config`]: scram,
        [`${secured}.oauthbearer.sasl.jaas.config`]:
          'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;',
        [`${secured}.oauthbearer.sasl.server.callback.handler.class`]:
          'org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler',
        [`${secured}.oauthbearer.sasl.oauthbearer.jwks.endpoint.url`]: `file://${jwksFile}`,
        [`${secured}.oauthbearer.sasl.oauthbearer.expected.audience`]: AUDIENCE
      }
    })
    for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512']) {
      const change = [
        '--alter',
        '--entity-type',
        'users',
        '--entity-name',
        mechanism,
        '--add-config',
        `${mechanism}=[password=scram-secret]`
      ]
      const command = ['kafka.admin.ConfigCommand', '--bootstrap-server', cluster.bootstrapServers[0], ...change]
      await run('java', ['-Xmx256m', '-cp', join(libs, '*'), ...command])
    }
  })
  after(async () => {
    await cluster.kill()
    await identity.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const oauth = () => ({
    tokenUrl: identity.tokenUrl,
    clientId: gatewayApp.clientId,
    clientSecret: gatewayApp.clientSecret,
    scope: `${AUDIENCE}/.default`,
    caFile: certificates.caFile
  })
  for (const [mechanism, credentials] of [
    ['PLAIN', () => ({ username: 'gateway', password: 'plain-secret' })],
    ['SCRAM-SHA-256', () => ({ username: 'SCRAM-SHA-256', password: 'scram-secret' })],
    ['SCRAM-SHA-512', () => ({ username: 'SCRAM-SHA-512', password: 'scram-secret' })],
    ['OAUTHBEARER', oauth]
  ] as const) {
    test(`is used with ${mechanism} from end to end`, async t => {
      const settings = { kafka: { tls: { caFile: certificates.caFile }, sasl: { mechanism, ...credentials() } } }
      const gateway = await TestGateway.start({ bootstrapServers: [bootstrap], settings })
      t.after(() => gateway.close())
      const topic = uniqueTopic('secured')
      await gateway.createTopic(topic)
      assert.deepEqual((await gateway.produce(topic, [{ value: mechanism }])).json, {
        offsets: [{ partition: 0, offset: 0 }]
      })
      assert.equal((await gateway.read(topic, 0, 0)).json.records[0].value, mechanism)
    })
  }

  const password = (right: boolean) => ({
    mechanism: 'PLAIN',
    username: 'gateway',
    password: right ? 'plain-secret' : 'wrong'
  })
  const rogue = () => localCertificates(join(folder, 'rogue'))
  for (const [what, address, kafka, cause] of [
    [
      'a wrong password',
      () => bootstrap,
      () => ({ tls: { caFile: certificates.caFile }, sasl: password(false) }),
      /authentication failed/i
    ],
    [
      'a broker whose certificate is not trusted',
      () => bootstrap,
      () => ({ tls: {}, sasl: password(true) }),
      /certificate/i
    ],
    [
      'no client certificate where the broker wants one',
      () => mutual,
      () => ({ tls: { caFile: certificates.caFile } }),
      /alert/i
    ],
    [
      'a client certificate that the broker does not trust',
      () => mutual,
      () => ({ tls: { caFile: certificates.caFile, certFile: rogue().certFile, keyFile: rogue().keyFile } }),
      /alert/i
    ]
  ] as const) {
    test(`${what}: the gateway starts, is not ready, answers 503 at once, and its log says why`, async t => {
      const gateway = await TestGateway.start({
        bootstrapServers: [address()],
        settings: { kafka: kafka(), management: { port: 0 } },
        awaitReady: false
      })
      t.after(() => gateway.close())
      assert.equal((await gateway.request('GET', '/health/ready', { token: null })).status, 503)
      assert.equal((await gateway.request('GET', '/health/live', { token: null })).status, 200)
      const startedMs = performance.now()
      for (let number = 0; number < 20; number++) {
        const { status, json, text, headers } = await gateway.get('/v1/metadata/topics')
        assert.deepEqual([status, json.code, json.retriable], [503, 'KAFKA_UNAVAILABLE', true])
        assert.ok(Number(headers['retry-after']) >= 1)
        assert.ok(!text.includes(address()), 'no address of a broker is told')
      }
      assert.ok(performance.now() - startedMs < 5000, 'at once, not at the deadline of 8 s')
      const health = await manage(gateway, '/health/ready')
      assert.deepEqual(await health.json(), {
        status: 'unavailable',
        not_ready: ['kafka'],
        reasons: {
          kafka: 'Credentials are refused between the gateway and Kafka: check kafka.sasl and kafka.tls'
        }
      })
      for (const end = Date.now() + 10_000; Date.now() < end && !cause.test(JSON.stringify(gateway.logged));)
        await sleep(50)
      assert.match(JSON.stringify(gateway.logged), cause)
    })
  }

  test('a password that is put right in its file lets the gateway in, without a restart', async t => {
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, 'wrong')
    const sasl = { mechanism: 'PLAIN', username: 'gateway', passwordFile }
    const gateway = await TestGateway.start({
      bootstrapServers: [bootstrap],
      settings: { kafka: { tls: { caFile: certificates.caFile }, sasl } },
      awaitReady: false
    })
    t.after(() => gateway.close())
    while (!/authentication failed/i.test(JSON.stringify(gateway.logged))) await sleep(50)
    assert.equal((await gateway.request('GET', '/health/ready', { token: null })).status, 503)
    writeFileSync(passwordFile, 'plain-secret\n')
    await gateway.untilReady()
  })
})
