import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { apiVersionsV3, Connection } from '@platformatic/kafka'
import { localCertificates, type LocalCertificates } from '../../src/dev/certificates/local-certificates.ts'
import { gatewayApp } from '../../src/dev/identity/directory.ts'
import { IdentityProvider } from '../../src/dev/identity/identity-provider.ts'
import { SigningKey } from '../../src/dev/identity/signing-key.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { FaultCluster } from './support/cluster.ts'
import { minutes } from './support/minutes.ts'
import { Trial } from './support/trial.ts'

const AUDIENCE = 'https://kafka.example'
const SESSION_MS = 3000
const LISTENER = 'listener.name.relayed'
const LOGIN = 'org.apache.kafka.common.security'

suite('Expired sessions cost no record', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-sessions-'))
  let certificates: LocalCertificates
  let identity: IdentityProvider
  let cluster: FaultCluster

  before(async () => {
    certificates = localCertificates(join(folder, 'certs'))
    const key = SigningKey.generate()
    const tls = { cert: readFileSync(certificates.certFile), key: readFileSync(certificates.keyFile) }
    identity = new IdentityProvider({ port: 0, tls, key })
    await identity.start()
    const jwksFile = join(folder, 'jwks.json')
    writeFileSync(jwksFile, JSON.stringify({ keys: [await key.publicJwk()] }))
    cluster = await FaultCluster.start({
      relayed: 'SASL_PLAINTEXT',
      jvmFlags: [
        `-Dorg.apache.kafka.sasl.oauthbearer.allowed.files=${jwksFile}`,
        `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://${jwksFile}`
      ],
      properties: {
        'connections.max.reauth.ms': String(SESSION_MS),
        [`${LISTENER}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,OAUTHBEARER',
        [`${LISTENER}.plain.sasl.jaas.config`]: `${LOGIN}.plain.PlainLoginModule required user_gateway="plain-secret";`,
        [`${LISTENER}.scram-sha-256.sasl.jaas.config`]: `${LOGIN}.scram.ScramLoginModule required;`,
        [`${LISTENER}.oauthbearer.sasl.jaas.config`]: `${LOGIN}.oauthbearer.OAuthBearerLoginModule required;`,
        [`${LISTENER}.oauthbearer.sasl.server.callback.handler.class`]: `${LOGIN}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
        [`${LISTENER}.oauthbearer.sasl.oauthbearer.jwks.endpoint.url`]: `file://${jwksFile}`,
        [`${LISTENER}.oauthbearer.sasl.oauthbearer.expected.audience`]: AUDIENCE
      }
    })
    await cluster.operator.setPassword('gateway', 'SCRAM-SHA-256', 'scram-secret')
  })
  after(async () => {
    await cluster.close()
    await identity.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('the brokers of this test end sessions: a connection that does not authenticate again is closed', async () => {
    const sasl = { mechanism: 'PLAIN', username: 'gateway', password: 'plain-secret' } as const
    const connection = new Connection('control', { sasl, requestTimeout: 5000 })
    connection.on('error', () => undefined)
    connection.reauthenticate = () => undefined
    await connection.connect('127.0.0.1', cluster.relay(1).port)
    const ask = () => apiVersionsV3.api.async(connection, 'control', '1')
    await ask()
    await sleep(SESSION_MS + 500)
    await assert.rejects(ask())
  })

  for (const [mechanism, credentials] of [
    ['PLAIN', () => ({ username: 'gateway', password: 'plain-secret' })],
    ['SCRAM-SHA-256', () => ({ username: 'gateway', password: 'scram-secret' })],
    [
      'OAUTHBEARER',
      () => ({
        tokenUrl: identity.tokenUrl,
        clientId: gatewayApp.clientId,
        clientSecret: gatewayApp.clientSecret,
        scope: `${AUDIENCE}/.default`,
        caFile: certificates.caFile
      })
    ]
  ] as const) {
    test(`${mechanism}: sessions end again and again under load, and no request fails`, async t => {
      const topic = `sessions-${mechanism}`
      await cluster.operator.createTopic(topic, 3)
      const gateway = await GatewayProcess.start({
        bootstrapServers: cluster.bootstrapServers,
        settings: { kafka: { sasl: { mechanism, ...credentials() } } }
      })
      t.after(() => gateway.stop())
      const trial = new Trial({ cluster, gateway, topic, read: [0, 1] })
      await sleep(Math.max(3.5 * SESSION_MS, minutes() * 20_000))
      // A session that could not be extended ends with its connection, and the batch on its way has to be sent again.
      const lost = gateway.warnings.filter(({ msg }) => msg === 'No answer to a record batch')
      assert.deepEqual(lost, [])
      const { answers } = await trial.judge(t, 0)
      assert.deepEqual([...answers.keys()], [200])
    })
  }
})
