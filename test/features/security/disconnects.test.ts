import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as secure } from 'node:tls'
import { Admin } from '@platformatic/kafka'
import fc from 'fast-check'
import { appWithGroups } from '../../../src/dev/identity/directory.ts'
import { sharedBroker, TestGateway, uniqueTopic } from '../../support/gateway.ts'

const RUNS = 2
const MOST_OPERATIONS = 24
/** Longer than an operation takes as a rule, so that some clients leave before, some during and some after it. */
const LONGEST_STAY_MS = 120
/** Looks in a row, 50 ms apart, at which nothing was under way: what clients sent before they left has been read. */
const QUIET_LOOKS = 20

/** One client: what it asks for, how much of that it sends, and how long it stays. */
const plan = fc.record({
  method: fc.constantFrom('PUT', 'DELETE', 'POST'),
  sentPercent: fc.oneof({ weight: 4, arbitrary: fc.constant(100) }, fc.integer({ min: 1, max: 99 })),
  /** A token that was seen before is judged at once. */
  isKnown: fc.boolean(),
  stayMs: fc.integer({ min: 0, max: LONGEST_STAY_MS }),
  resets: fc.boolean()
})

type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never

interface Entry {
  readonly request_id: string
  readonly principal_id: string | null
  readonly outcome: string
  readonly reason: string | null
  readonly status: number | null
}

/** What may be true of an operation that was neither refused nor done for certain. */
const UNCERTAIN = new Set(['OUTCOME_UNKNOWN', 'NOT_YET_VISIBLE', 'DEADLINE_EXCEEDED', 'KAFKA_UNAVAILABLE'])

class Disconnects {
  readonly #gateway: TestGateway
  readonly #token: string
  readonly #admin = new Admin({ clientId: 'disconnects', bootstrapBrokers: [sharedBroker()] })
  readonly #output: string

  constructor(gateway: TestGateway, token: string, output: string) {
    this.#gateway = gateway
    this.#token = token
    this.#output = output
  }

  /** Lets every client leave as planned, then compares the audit log with what Kafka says. */
  async run(plans: readonly Plan[]): Promise<void> {
    const name = uniqueTopic('disconnects')
    const topics = plans.map((_, at) => `${name}-${at}`)
    const before = topics.filter((_, at) => plans[at].method !== 'PUT')
    if (before.length > 0) await this.#admin.createTopics({ topics: before, partitions: 1, replicas: 1 })
    await Promise.all(plans.map((each, at) => this.#leave(each, topics[at])))
    const entries = await this.#entries(topics)
    const there = new Set(await this.#admin.listTopics())
    for (const [at, { method }] of plans.entries()) {
      const topic = topics[at]
      const done =
        method === 'PUT'
          ? there.has(topic)
          : method === 'DELETE'
            ? !there.has(topic)
            : (await this.#stored(topic)) === 1n
      judge(entries.get(topic), done, `${method} ${JSON.stringify(plans[at])}`)
    }
    if (there.size > 0) await this.#admin.deleteTopics({ topics: topics.filter(topic => there.has(topic)) })
  }

  async close(): Promise<void> {
    await this.#admin.close()
  }

  async #leave({ method, sentPercent, isKnown, stayMs, resets }: Plan, topic: string): Promise<void> {
    const plain = connect(this.#gateway.port, '127.0.0.1')
    const socket = secure({ socket: plain, rejectUnauthorized: false })
    plain.on('error', () => undefined)
    socket.on('error', () => undefined)
    await once(socket, 'secureConnect')
    const body = method === 'POST' ? '{"records":[{"value":1}]}' : ''
    const text = [
      `${method} ${method === 'POST' ? `/v1/producer/topics/${topic}` : `/v1/topics/${topic}`} HTTP/1.1`,
      'Host: localhost',
      `X-Request-Id: ${topic}`,
      // Another header with the same token is another caller to the memory of those judged before.
      `Authorization: Bearer${' '.repeat(isKnown ? 1 : 2 + Math.floor(Math.random() * 1000))}${this.#token}`,
      `Content-Length: ${body.length}`,
      '',
      body
    ].join('\r\n')
    socket.write(text.slice(0, Math.ceil((text.length * sentPercent) / 100)))
    await sleep(stayMs)
    if (resets) plain.resetAndDestroy()
    else socket.destroy()
  }

  /** The lines about these requests, once none of them is under way. */
  async #entries(ids: readonly string[]): Promise<Map<string, Entry>> {
    for (let quiet = 0; quiet < QUIET_LOOKS; await sleep(50))
      quiet = this.#gateway.server.openRequests === 0 ? quiet + 1 : 0
    const wanted = new Set(ids)
    const lines = readFileSync(this.#output, 'utf8').split('\n').filter(Boolean)
    const ours = lines.map(line => JSON.parse(line) as Entry).filter(({ request_id: id }) => wanted.has(id))
    const byId = new Map(ours.map(entry => [entry.request_id, entry]))
    assert.equal(byId.size, ours.length, 'a request is on record twice')
    return byId
  }

  async #stored(topic: string): Promise<bigint> {
    const [{ partitions }] = await this.#admin.listOffsets({
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }]
    })
    return partitions[0].offset
  }
}

function judge(entry: Entry | undefined, done: boolean, about: string): void {
  const seen = `${about}, done: ${done}, on record: ${JSON.stringify(entry)}`
  if (entry === undefined) return assert.equal(done, false, seen)
  if (entry.reason !== null && UNCERTAIN.has(entry.reason)) return
  assert.equal(entry.outcome === 'allowed', done, seen)
  if (done) assert.notEqual(entry.principal_id, null, seen)
  if (entry.status === null) assert.match(String(entry.reason), /^(CLIENT_GONE|UPLOAD_ABANDONED)$/, seen)
}

test(
  'whenever clients leave, the audit log says of each operation what Kafka says, and who asked for it',
  { timeout: 120_000 },
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'disconnects-test-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const output = join(folder, 'audit.jsonl')
    const gateway = await TestGateway.start({ settings: { audit: { output } } })
    t.after(() => gateway.close())
    const disconnects = new Disconnects(gateway, await gateway.token(appWithGroups), output)
    t.after(() => disconnects.close())
    const plans = fc.array(plan, { minLength: MOST_OPERATIONS / 2, maxLength: MOST_OPERATIONS })
    await fc.assert(
      fc.asyncProperty(plans, each => disconnects.run(each)),
      { numRuns: RUNS, endOnFailure: true }
    )
  }
)
