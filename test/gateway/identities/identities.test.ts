import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { noMeter } from '../../../src/core/meter.ts'
import { noAccess, type Principal } from '../../../src/core/principal.ts'
import { clusterGateway } from '../../../src/gateway/cluster-gateway.ts'
import { Identities } from '../../../src/gateway/identities/identities.ts'
import { Identity } from '../../../src/gateway/identities/identity.ts'
import { clusterConsumers } from '../../../src/gateway/instances/cluster-consumers.ts'
import { Cluster } from '../../../src/kafka/cluster.ts'
import { kafkaConfig, silent } from '../../kafka/transport/scripted-broker.ts'

const options = {
  sessionTimeoutMs: 45_000,
  instanceTimeoutMs: 300_000,
  userDataBytes: 16_384,
  pollBytes: 1_000_000,
  instances: 10,
  waits: 10,
  waitMs: 1000
}

/** A pool whose clusters are never connected, and what it says to the outside. */
class Pool {
  readonly ended: string[] = []
  readonly refuse = new Map<string, () => void>()
  readonly pool: Identities

  constructor(most: number, idleMs = 300_000) {
    this.pool = new Identities(
      { most, idleMs },
      (caller, onRefused) => {
        const { key, sasl } = caller
        const cluster = new Cluster(kafkaConfig(['127.0.0.1:1']), { sasl, owner: 'caller' }, silent)
        this.refuse.set(key, onRefused)
        return new Identity(caller, cluster, {
          gateway: clusterGateway(cluster),
          consumers: () => clusterConsumers(cluster, options, silent, noMeter)
        })
      },
      key => this.ended.push(key)
    )
  }

  of(key: string): Identity {
    return this.pool.of(principal(key))
  }
}

function principal(key: string): Principal {
  const sasl = { mechanism: 'PLAIN', username: key, password: 'secret' } as const
  return { id: key, issuer: 'kafka', appOnly: null, access: noAccess, kafka: { key, sasl } }
}

const code = (code_: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === code_

suite('Identities in use', () => {
  test('are one for each key, and never the one of the gateway for a caller who has none', async t => {
    const { pool, of } = bound(new Pool(10))
    t.after(() => pool.close())
    assert.equal(of('a'), of('a'))
    assert.notEqual(of('a'), of('b'))
    assert.equal(pool.size, 2)
    const nobody = { ...principal('x') }
    delete (nobody as { kafka?: object }).kafka
    assert.throws(() => pool.of(nobody), code('NO_KAFKA_IDENTITY'))
  })

  test('make room by the one that is idle for longest; while none is idle there is no place for another', async t => {
    const { pool, of } = bound(new Pool(2))
    t.after(() => pool.close())
    const [a, b] = [of('a'), of('b')]
    const [endA, endB] = [a.use(), b.use()]
    assert.throws(() => of('c'), code('OVERLOADED'))
    endB()
    endA()
    await new Promise(resolve => setTimeout(resolve, 2))
    b.use()()
    of('c')
    assert.equal(pool.size, 2)
    assert.equal(of('b'), b, 'a was idle for longer')
    assert.notEqual(of('a'), a)
  })

  test('end when Kafka refuses them: the next use begins anew, and what is believed of them is taken back', async t => {
    const { pool, of, ended, refuse } = bound(new Pool(10))
    t.after(() => pool.close())
    const before = of('a')
    refuse.get('a')?.()
    refuse.get('a')?.()
    assert.deepEqual([before.isRefused, ended], [true, ['a']])
    assert.equal(before.cluster.connections, 0)
    assert.notEqual(of('a'), before)
    await new Promise(setImmediate)
    assert.equal(pool.size, 1)
  })
})

function bound(made: Pool) {
  return { pool: made.pool, ended: made.ended, refuse: made.refuse, of: (key: string) => made.of(key) }
}
