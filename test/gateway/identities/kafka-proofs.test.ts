import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { CallerIdentity } from '../../../src/core/kafka-identity.ts'
import { KafkaProofs } from '../../../src/gateway/identities/kafka-proofs.ts'
import { KafkaFailure } from '../../../src/kafka/kafka-failure.ts'
import type { Verdict } from '../../../src/kafka/transport/show-credentials.ts'
import { silent } from '../../kafka/transport/scripted-broker.ts'

const identity = (key: string): CallerIdentity => ({ key, sasl: { mechanism: 'PLAIN', username: key, password: key } })
const TAKEN: Verdict = { verdict: 'taken', reason: '' }
const REFUSED: Verdict = { verdict: 'credentials', reason: 'SASL authentication failed (58)' }

/** Kafka, as far as it judges: each attempt waits until it is told. */
class Judge {
  readonly shown: string[] = []
  readonly refused: string[] = []
  readonly #waiting: PromiseWithResolvers<Verdict>[] = []
  readonly proofs: KafkaProofs
  nowMs = 0

  constructor(log = silent) {
    const show = ({ key }: CallerIdentity) => {
      this.shown.push(key)
      const answer = Promise.withResolvers<Verdict>()
      this.#waiting.push(answer)
      return answer.promise
    }
    const onRefused = (key: string) => void this.refused.push(key)
    this.proofs = new KafkaProofs(show, { believeMs: 1000, timeLimitMs: 5000, onRefused, now: () => this.nowMs }, log)
  }

  get underWay(): number {
    return this.#waiting.length
  }

  async say(verdict: Verdict | Error): Promise<void> {
    await new Promise(setImmediate)
    const answer = this.#waiting.shift()
    if (verdict instanceof Error) answer?.reject(verdict)
    else answer?.resolve(verdict)
    await new Promise(setImmediate)
  }

  /** What comes of an attempt: `taken`, or the code of the error. */
  prove(key: string): Promise<string> {
    return this.proofs.prove(identity(key)).then(
      () => 'taken',
      ({ code }: { code: string }) => code
    )
  }
}

suite('What is shown to Kafka', () => {
  test('is believed for believeMs once Kafka has taken it, then shown again', async () => {
    const judge = new Judge()
    const first = judge.prove('alice')
    await judge.say(TAKEN)
    assert.equal(await first, 'taken')
    judge.nowMs = 999
    assert.equal(judge.proofs.believes('alice'), true)
    assert.equal(await judge.prove('alice'), 'taken')
    assert.deepEqual(judge.shown, ['alice'])
    judge.nowMs = 1000
    assert.equal(judge.proofs.believes('alice'), false)
    const again = judge.prove('alice')
    await judge.say(REFUSED)
    assert.equal(await again, 'INVALID_CREDENTIALS')
    assert.deepEqual([judge.shown, judge.refused], [['alice', 'alice'], ['alice']])
  })

  test('is not shown again for a minute after Kafka has refused it, whoever sends it', async () => {
    const judge = new Judge()
    const first = judge.prove('guess')
    await judge.say(REFUSED)
    assert.equal(await first, 'INVALID_CREDENTIALS')
    judge.nowMs = 59_999
    assert.equal(await judge.prove('guess'), 'INVALID_CREDENTIALS')
    assert.deepEqual(judge.shown, ['guess'])
    judge.nowMs = 60_000
    const again = judge.prove('guess')
    await judge.say(TAKEN)
    assert.equal(await again, 'taken')
  })

  test('is shown at once, although Kafka has just refused it, if there is a newer token', async () => {
    const judge = new Judge()
    let token: string | undefined = 'old'
    const bearer: CallerIdentity = {
      key: 'dave',
      sasl: { mechanism: 'OAUTHBEARER', token: () => Promise.resolve(token) }
    }
    const refused = { code: 'INVALID_CREDENTIALS' }
    for (const next of [undefined, 'new']) {
      const rejected = assert.rejects(judge.proofs.prove(bearer), refused)
      await judge.say(REFUSED)
      await rejected
      await assert.rejects(judge.proofs.prove(bearer), refused)
      token = next
    }
    const proven = judge.proofs.prove(bearer)
    await judge.say(TAKEN)
    await proven
    assert.deepEqual(judge.shown, ['dave', 'dave', 'dave'])
  })

  test('is shown by one attempt, however many ask; by eight attempts at a time, with 64 waiting, and then callers get 503', async () => {
    const judge = new Judge()
    const same = [judge.prove('same'), judge.prove('same')]
    const others = Array.from({ length: 7 + 64 }, (_, at) => judge.prove(`other-${at}`))
    await new Promise(setImmediate)
    assert.equal(await judge.prove('one too many'), 'OVERLOADED')
    assert.deepEqual([judge.shown.length, judge.underWay], [8, 8])
    while (judge.underWay > 0) {
      assert.ok(judge.underWay <= 8)
      await judge.say(TAKEN)
    }
    assert.deepEqual(new Set(await Promise.all([...same, ...others])), new Set(['taken']))
    assert.equal(judge.shown.length, 72)
    assert.deepEqual(judge.proofs.counts, { accepted: 72, refused: 0, unavailable: 1 })
  })

  test('is not remembered where no broker answers, or none offers the mechanism; the log says the latter as an error', async () => {
    const errors: string[] = []
    const judge = new Judge({ ...silent, error: (_, message) => void errors.push(message) })
    const kinds = [
      new KafkaFailure('unreachable', 'Kafka cannot be reached.'),
      { verdict: 'mechanism', reason: 'PLAIN is refused (33)' } as const
    ]
    for (const kind of kinds) {
      const outcome = judge.prove('alice')
      await judge.say(kind)
      assert.equal(await outcome, 'KAFKA_UNAVAILABLE')
    }
    assert.deepEqual(errors, ['Kafka does not offer the mechanism of callers'])
    const then = judge.prove('alice')
    await judge.say(TAKEN)
    assert.equal(await then, 'taken')
    assert.equal(judge.shown.length, 3)
  })
})
