import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { kafkaJars } from '../../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../../src/dev/kafka/local-cluster.ts'
import { alone } from '../../support/alone.ts'
import { TestGateway } from '../../support/gateway.ts'

await alone()

const run = promisify(execFile)
const USER = 'User:gateway'

suite('A Kafka with ACLs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-proxy-acls-'))
  let cluster: LocalCluster
  let gateway: TestGateway
  let allow: (...what: string[]) => Promise<unknown>

  before(async () => {
    const libs = await kafkaJars('.local', () => undefined)
    const port = await freePort()
    cluster = await LocalCluster.start({
      libs,
      dataDir: folder,
      brokers: 1,
      listeners: { SECURED: { protocol: 'SASL_PLAINTEXT', host: '127.0.0.1', port } },
      properties: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS',
        'listener.name.secured.sasl.enabled.mechanisms': 'PLAIN',
        'listener.name.secured.plain.sasl.jaas.config':
          'org.apache.kafka.common.security.plain.PlainLoginModule required user_gateway="secret";'
      }
    })
    allow = (...what) => {
      const command = ['--bootstrap-server', cluster.bootstrapServers[0], '--add', '--allow-principal', USER, ...what]
      return run('java', ['-Xmx256m', '-cp', join(libs, '*'), 'org.apache.kafka.tools.AclCommand', ...command])
    }
    await allow(
      '--operation',
      'Create',
      '--operation',
      'Describe',
      '--topic',
      'acl-',
      '--resource-pattern-type',
      'prefixed'
    )
    const sasl = { mechanism: 'PLAIN', username: 'gateway', password: 'secret' }
    gateway = await TestGateway.start({ bootstrapServers: [`127.0.0.1:${port}`], settings: { kafka: { sasl } } })
    await gateway.createTopic('acl-a')
    await gateway.createTopic('acl-b')
  })
  after(async () => {
    await gateway.close()
    await cluster.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  test('where the gateway may write to no topic, callers get 403 at once, and the log says what is missing', async () => {
    for (let request = 0; request < 2; request++) {
      const startedMs = performance.now()
      const { status, json } = await gateway.produce('acl-a', [{ value: 1 }])
      assert.deepEqual([status, json.code, json.retriable], [403, 'KAFKA_REFUSED', false])
      assert.equal(json.offsets[0].stored, 'no')
      assert.ok(performance.now() - startedMs < 2000)
    }
    const lines = gateway.logged.filter(({ message }) => message === 'Kafka gives no producer id')
    assert.equal(lines.length, 1)
    assert.match(JSON.stringify(lines[0].fields), /CLUSTER_AUTHORIZATION_FAILED.*IdempotentWrite/)
  })

  test('a topic that it may not write to is refused beside one that it may, within seconds of the permission', async () => {
    await allow('--operation', 'Write', '--topic', 'acl-b')
    const end = performance.now() + 8000
    let answer = await gateway.produce('acl-b', [{ value: 1 }])
    while (answer.status === 403 && performance.now() < end) answer = await gateway.produce('acl-b', [{ value: 1 }])
    assert.deepEqual([answer.status, answer.json.offsets], [200, [{ partition: 0, offset: 0 }]])
    const { status, json } = await gateway.produce('acl-a', [{ value: 1 }])
    assert.deepEqual([status, json.code], [403, 'KAFKA_REFUSED'])
  })
})
