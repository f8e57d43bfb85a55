import assert from 'node:assert/strict'
import { type TestContext, suite, test } from 'node:test'
import { GatewayError } from '../../../src/core/errors.ts'
import { accessWithoutRules, noAccess } from '../../../src/core/principal.ts'
import type { TopicFollower } from '../../../src/gateway/gateway.ts'
import { authenticator, startFront, TOKEN, type FrontSettings } from '../../http/support/front.ts'
import { waitUntil } from '../../http/support/wait-until.ts'

const PATH = '/v1/consumer/topics/orders/records'
const EVENTS = 'text/event-stream'
const LINES = 'application/x-ndjson'

/** A follower to which nothing comes, unless the test has it come upon records that are not for it. */
class Standing implements TopicFollower {
  position = { topicId: 'Zk3v9aQx', starts: new Map([[0, 5]]) }
  hasMore = false
  readonly isComplete = false
  #failure: Error | undefined
  isWaiting = false
  #passed = 0
  #wake: () => void = () => undefined

  read() {
    this.hasMore = false
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const scanned = this.#passed
    this.#passed = 0
    this.position = { ...this.position, starts: new Map([[0, 5 + scanned]]) }
    return Promise.resolve({ count: 0, scanned, scannedBytes: 0, passing: undefined })
  }

  close(): void {}

  async wait({ signal }: { signal: AbortSignal }): Promise<void> {
    if (signal.aborted) return
    this.isWaiting = true
    await new Promise<void>(resolve => {
      this.#wake = resolve
      signal.addEventListener('abort', () => resolve())
    })
    this.isWaiting = false
  }

  /** Has it pass so many records, of which none is brought. */
  async pass(records: number): Promise<void> {
    await waitUntil(() => this.isWaiting)
    this.#passed = records
    this.#goOn()
    await waitUntil(() => this.isWaiting && this.#passed === 0)
  }

  async fail(error: Error): Promise<void> {
    await waitUntil(() => this.isWaiting)
    this.#failure = error
    this.#goOn()
  }

  #goOn(): void {
    this.hasMore = true
    this.#wake()
  }

  at(): Standing {
    return this
  }
}

/** @param follower what is the same of all followers */
async function following(context: TestContext, settings: FrontSettings = {}, follower: Partial<Standing> = {}) {
  context.mock.timers.enable({ apis: ['setInterval'] })
  const followers: Standing[] = []
  const follow = () => {
    followers.push(Object.assign(new Standing(), follower))
    return Promise.resolve(followers[followers.length - 1])
  }
  const front = await startFront(context, { gateway: { follow }, ...settings })
  /** The text of a stream as far as it has come. */
  const open = async (accept: string, query = '') => {
    const response = await fetch(front.url + PATH + query, { headers: { authorization: TOKEN, accept } })
    const stream = { status: response.status, text: '', ended: false }
    void (async () => {
      const decoder = new TextDecoder()
      for await (const chunk of response.body ?? []) stream.text += decoder.decode(chunk, { stream: true })
      stream.ended = true
    })()
    await waitUntil(() => stream.text !== '')
    return stream
  }
  return { ...front, followers, open }
}

suite('A stream of a topic', () => {
  test('says something every 15 s: a comment, with the id where the position has moved; a line with the position', async context => {
    const { open, followers } = await following(context)
    const [events, lines] = [await open(EVENTS), await open(LINES)]
    const begun = events.text
    assert.match(begun, /^retry: \d{4}\nid: Zk3v9aQx;0:5\n\n$/)
    await waitUntil(() => followers.every(({ isWaiting }) => isWaiting))
    context.mock.timers.tick(15_000)
    await waitUntil(() => events.text === `${begun}:\n\n`)
    await Promise.all(followers.map(each => each.pass(4)))
    context.mock.timers.tick(15_000)
    await waitUntil(() => events.text === `${begun}:\n\n:\nid: Zk3v9aQx;0:9\n\n`)
    const next = (offset: number) => `{"next":"Zk3v9aQx;0:${offset}"}\n`
    await waitUntil(() => lines.text === next(5) + next(5) + next(9))
  })

  test('that searches says so too, and how many records it has looked at', async context => {
    const { open, followers } = await following(context)
    const [events, lines] = [await open(EVENTS, '?key=a'), await open(LINES, '?find=a')]
    const begun = events.text
    await Promise.all(followers.map(each => each.pass(7)))
    context.mock.timers.tick(15_000)
    await waitUntil(() => events.text === `${begun}: {"scanned":7}\nid: Zk3v9aQx;0:12\n\n`)
    await waitUntil(() => lines.text === '{"next":"Zk3v9aQx;0:5"}\n{"next":"Zk3v9aQx;0:12","scanned":7}\n')
  })

  test('that brings less than everything ends as others do: with an error, or when the gateway is stopped', async context => {
    const { open, front, followers } = await following(context)
    const [lines, events] = [await open(LINES, '?until=99'), await open(EVENTS, '?value_bytes=1')]
    const failed = await open(LINES, '?find=a')
    await followers[2].fail(new GatewayError('CORRUPT_DATA', 'A checksum is wrong.'))
    await waitUntil(() => failed.ended)
    assert.match(failed.text, /^\{"next":.*\}\n\{"error":\{.*"CORRUPT_DATA".*\},"next":"Zk3v9aQx;0:5"\}\n$/)
    void front.close(5000)
    await waitUntil(() => lines.ended && events.ended)
    assert.match(lines.text, /\{"error":\{.*"SHUTTING_DOWN".*\},"next":"Zk3v9aQx;0:5"\}\n$/)
    assert.match(events.text, /event: end\ndata: \{\}\nid: Zk3v9aQx;0:5\n\n$/)
  })

  test('ends within a minute when the permission is taken away, with the error and where it stands', async context => {
    let access = accessWithoutRules
    const { open } = await following(context, {
      authenticator: {
        ...authenticator,
        authenticate: () => ({ id: 'caller-1', issuer: 'test', appOnly: true, access })
      }
    })
    const [events, lines] = [await open(EVENTS), await open(LINES)]
    access = noAccess
    context.mock.timers.tick(60_000)
    await waitUntil(() => events.ended && lines.ended)
    const [, failure] = /event: failure\ndata: (.*)\nid: Zk3v9aQx;0:5\n\n$/.exec(events.text) ?? []
    assert.equal(JSON.parse(failure).code, 'TOPIC_NOT_FOUND')
    const last = JSON.parse(lines.text.trim().split('\n').at(-1) ?? '')
    assert.deepEqual([last.error.code, last.next], ['TOPIC_NOT_FOUND', 'Zk3v9aQx;0:5'])
  })

  test('whose position would be longer than 4 KB is refused at its start, as a page is, with how many partitions fit', async context => {
    const starts = new Map(Array.from({ length: 1000 }, (_, partition) => [partition, 1_000_000]))
    const { open } = await following(context, {}, { position: { topicId: 'Zk3v9aQx', starts } })
    for (const [accept, query] of [
      ['application/json', ''],
      ['application/json', '?find=a'],
      [EVENTS, ''],
      [LINES, '?until=latest']
    ]) {
      const { status, text } = await open(accept, query)
      const { code, message } = JSON.parse(text)
      assert.deepEqual([status, code], [400, 'INVALID_PARTITION'])
      assert.match(message, /Some \d{3} fit: name them in partitions\./)
    }
  })
})
