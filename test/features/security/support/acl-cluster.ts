import assert from 'node:assert/strict'
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../../src/dev/kafka/free-port.ts'
import { kafkaJars } from '../../../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../../../src/dev/kafka/local-cluster.ts'
import { askCreateTopic } from '../../../../src/kafka/admin/topic-messages.ts'
import { createAcls } from '../../../../src/kafka/messages/create-acls.ts'
import { askMetadata } from '../../../../src/kafka/metadata/metadata-message.ts'
import type { BrokerChannel } from '../../../../src/kafka/transport/broker-channel.ts'
import { Brokers } from '../../../../src/kafka/transport/brokers.ts'
import { exchange } from '../../../../src/kafka/transport/exchange.ts'
import { WireReader } from '../../../../src/kafka/wire/wire-reader.ts'
import { WireWriter } from '../../../../src/kafka/wire/wire-writer.ts'
import { kafkaConfig, silent } from '../../../kafka/transport/scripted-broker.ts'

/** ResourceType, AclOperation and AclPermissionType, as Kafka numbers them. */
export const [TOPIC, GROUP] = [2, 3]
export const [READ, WRITE, CREATE, DESCRIBE] = [3, 4, 5, 8]
/** PatternType: the name itself, or all that begin with it. */
const LITERAL = 3
export const PREFIXED = 4
const ALLOW = 3
const ALTER_USER_SCRAM_CREDENTIALS = 51
const SHA_512 = 2
const ITERATIONS = 4096

export interface Right {
  readonly user: string
  readonly operation: number
  readonly name: string
  readonly kind?: number
  readonly pattern?: number
}

/** A broker with ACLs: users of PLAIN, SCRAM-SHA-512 and OAUTHBEARER on one listener, the superuser on the other. */
export class AclCluster {
  readonly cluster: LocalCluster
  /** The listener for users. */
  readonly secured: string
  readonly #operator: Brokers

  private constructor(cluster: LocalCluster, secured: string) {
    this.cluster = cluster
    this.secured = secured
    this.#operator = new Brokers(kafkaConfig([cluster.bootstrapServers[0]]), {}, silent)
  }

  /** `users`: of PLAIN, with their passwords. `keys`: of the provider whose tokens for `audience` are taken. */
  static async start(
    dataDir: string,
    users: Readonly<Record<string, string>>,
    { keys, audience }: { readonly keys: string; readonly audience: string }
  ): Promise<AclCluster> {
    const libs = await kafkaJars('.local', () => undefined)
    const port = await freePort()
    const login = 'org.apache.kafka.common.security'
    const oauth = `${login}.oauthbearer.OAuthBearer`
    const plain = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`)
    const cluster = await LocalCluster.start({
      libs,
      dataDir,
      brokers: 1,
      jvmFlags: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${keys}`],
      listeners: { SECURED: { protocol: 'SASL_PLAINTEXT', host: '127.0.0.1', port } },
      properties: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS',
        'listener.name.secured.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512,OAUTHBEARER',
        'listener.name.secured.plain.sasl.jaas.config': `${login}.plain.PlainLoginModule required ${plain.join(' ')};`,
        'listener.name.secured.scram-sha-512.sasl.jaas.config': `${login}.scram.ScramLoginModule required;`,
        'listener.name.secured.oauthbearer.sasl.jaas.config': `${oauth}LoginModule required;`,
        'listener.name.secured.oauthbearer.sasl.server.callback.handler.class': `${oauth}ValidatorCallbackHandler`,
        'listener.name.secured.oauthbearer.sasl.oauthbearer.jwks.endpoint.url': keys,
        'listener.name.secured.oauthbearer.sasl.oauthbearer.expected.audience': audience
      }
    })
    return new AclCluster(cluster, `127.0.0.1:${port}`)
  }

  /** Lets users do what they may. It counts a moment later. */
  async allow(rights: readonly Right[]): Promise<void> {
    const creations = rights.map(({ user, operation, name, kind = TOPIC, pattern = LITERAL }) => ({
      resourceType: kind,
      resourceName: name,
      resourcePatternType: pattern,
      principal: `User:${user}`,
      host: '*',
      operation,
      permissionType: ALLOW
    }))
    const acls = await exchange(this.#broker, createAcls, { creations })
    assert.deepEqual(new Set(acls.results.map(({ errorCode }) => errorCode)), new Set([0]))
  }

  /** The same, then creates the topics that they name. */
  async grant(rights: readonly Right[]): Promise<void> {
    await this.allow(rights)
    const broker = this.#broker
    const names = [...new Set(rights.filter(({ kind = TOPIC }) => kind === TOPIC).map(({ name }) => name))]
    for (const name of names) {
      const spec = { partitionCount: 1, replicationFactor: 1, properties: new Map<string, string>() }
      assert.equal((await askCreateTopic(broker, name, spec, 5000)).errorCode, 0)
    }
    // The broker takes up both in their order: once it shows the topics, it knows the rights.
    for (const end = Date.now() + 10_000; Date.now() < end; await sleep(50)) {
      const { topics } = await askMetadata(broker, names)
      if (names.every(name => topics.get(name)?.topic.partitions[0]?.leader === 1)) break
    }
  }

  /** Gives a user of SCRAM-SHA-512 a password. It counts a moment later. */
  async setPassword(user: string, password: string): Promise<void> {
    const salt = randomBytes(16)
    const salted = pbkdf2Sync(password, salt, ITERATIONS, 64, 'sha512')
    const body = new WireWriter(true)
      .arrayLength(0)
      .arrayLength(1)
      .string(user)
      .int8(SHA_512)
      .int32(ITERATIONS)
      .bytes(salt)
      .bytes(salted)
      .noTags()
      .noTags()
    const answer = new WireReader(
      await this.#broker.request(ALTER_USER_SCRAM_CREDENTIALS, 0, true, body.finish()),
      true
    )
    answer.int32()
    assert.equal(answer.arrayLength(), 1)
    answer.string()
    assert.equal(answer.int16(), 0)
  }

  async stop(): Promise<void> {
    await this.#operator.close()
    await this.cluster.kill()
  }

  get #broker(): BrokerChannel {
    return this.#operator.anyChannels()[0]
  }
}
