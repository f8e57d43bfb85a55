import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAuthority, createServerCertificate, type KeyAndCertificate } from '../../src/dev/certificates/x509.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { FaultCluster } from './support/cluster.ts'
import { minutes } from './support/minutes.ts'
import { Trial } from './support/trial.ts'

const NAMES = ['127.0.0.1']
const VALIDITY = { from: new Date(Date.now() - 3_600_000), days: 2 }
const KEY_STORE = 'listener.name.relayed.ssl.keystore.location'

suite('Renewed certificates cost no record', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-renewed-'))
  const caFile = join(folder, 'ca.pem')
  let authority = createAuthority('first CA', NAMES, VALIDITY)
  let issued = 0
  let cluster: FaultCluster
  let gateway: GatewayProcess

  const trust = (...authorities: readonly KeyAndCertificate[]) =>
    writeFileSync(caFile, authorities.map(({ certificatePem }) => certificatePem).join(''))
  /** A new key and certificate for the brokers, in a file of their own. */
  const issue = (): string => {
    const { key, certificatePem } = createServerCertificate('broker', NAMES, authority, VALIDITY)
    const file = join(folder, `broker-${issued++}.pem`)
    writeFileSync(file, `${key.export({ type: 'pkcs8', format: 'pem' }).toString()}${certificatePem}`)
    return file
  }
  const present = async (file: string) => {
    for (const [id, relay] of cluster.relays) {
      await cluster.operator.configureBroker(id, KEY_STORE, file)
      // The controller has it; the broker takes it up a moment later.
      await sleep(300)
      relay.reset()
    }
  }

  before(async () => {
    trust(authority)
    cluster = await FaultCluster.start({
      relayed: 'SSL',
      properties: { 'listener.name.relayed.ssl.keystore.type': 'PEM', [KEY_STORE]: issue() }
    })
    gateway = await GatewayProcess.start({
      bootstrapServers: cluster.bootstrapServers,
      settings: { kafka: { tls: { caFile } } }
    })
  })
  after(async () => {
    await gateway.stop()
    await cluster.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('new certificates, and a new authority in the file that holds both, under load: no request fails and nothing is restarted', async t => {
    await cluster.operator.createTopic('renewed', 6)
    const trial = new Trial({ cluster, gateway, topic: 'renewed', read: [0, 1] })
    await sleep(1000)
    for (const end = Date.now() + minutes() * 60_000; ;) {
      await present(issue())
      await sleep(1000)
      const old = authority
      authority = createAuthority(`CA ${issued}`, NAMES, VALIDITY)
      trust(old, authority)
      await present(issue())
      await sleep(1000)
      trust(authority)
      for (const relay of cluster.relays.values()) relay.reset()
      await sleep(1000)
      if (Date.now() >= end) break
    }
    const { answers } = await trial.judge(t, 0)
    assert.deepEqual([...answers.keys()], [200])
    assert.deepEqual(
      gateway.warnings.filter(({ msg }) => msg.startsWith('Cannot reach ')),
      []
    )
  })

  test('a certificate of an authority that is not trusted is refused, until the file names it', async t => {
    await cluster.operator.createTopic('untrusted', 3)
    const trial = new Trial({ cluster, gateway, topic: 'untrusted', read: [0] })
    await sleep(1000)
    const old = authority
    authority = createAuthority('a stranger', NAMES, VALIDITY)
    await present(issue())
    await sleep(2000)
    const before = trial.writers.acknowledged
    await sleep(1000)
    assert.equal(trial.writers.acknowledged, before, 'nothing is sent to a broker that is not trusted')
    trust(old, authority)
    await sleep(3000)
    assert.ok(trial.writers.acknowledged > before, 'the renewed file is taken up')
    await trial.judge(t, 0)
  })
})
