import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Convoys } from '../../../../src/api/shared/follow/convoy.ts'
import { GatewayError } from '../../../../src/core/errors.ts'
import { waitUntil } from '../../../http/support/wait-until.ts'
import { Follow, Log, range } from './model.ts'

/** Streams of one log. */
function stage() {
  const log = new Log()
  const convoys = new Convoys()
  return { log, follow: (from = 0, options = {}) => new Follow(log, convoys, from, options) }
}

const seen = (follows: readonly Follow[], end: number) =>
  waitUntil(() => follows.every(({ offsets }) => offsets.at(-1) === end - 1))

test('streams at one place share one wait, one read, and the very bytes of each burst', async () => {
  const { log, follow } = stage()
  const follows = [follow(), follow(), follow()]
  await waitUntil(() => log.waiting === 1)
  log.append(3)
  await seen(follows, 3)
  log.append(2)
  await seen(follows, 5)
  assert.equal(log.reads, 2)
  const [[, ...bursts], ...others] = follows.map(({ sent }) => sent)
  assert.equal(bursts.length, 2)
  for (const [, ...same] of others) bursts.forEach((burst, at) => assert.equal(same[at], burst))
  assert.deepEqual(follows[0].offsets, range(0, 5))
})

test('a stream that catches up joins those that it meets', async () => {
  const { log, follow } = stage()
  log.append(2500)
  const first = follow(2500)
  const late = follow(0)
  await seen([late], 2500)
  await waitUntil(() => log.waiting === 1)
  log.append()
  await seen([first, late], 2501)
  assert.equal(first.sent.at(-1), late.sent.at(-1))
  assert.deepEqual(late.offsets, range(0, 2501))
})

test('a client that does not read holds up nobody and is sent no second burst, then gets every record', async () => {
  const { log, follow } = stage()
  const [slow, quick] = [follow(), follow()]
  await waitUntil(() => log.waiting === 1)
  slow.stalls = true
  for (let end = 1; end <= 5; end++) {
    log.append()
    await seen([quick], end)
  }
  assert.deepEqual([slow.offsets, quick.offsets], [[0], range(0, 5)])
  slow.reads()
  await seen([slow], 5)
  assert.deepEqual(slow.offsets, range(0, 5))
  await waitUntil(() => log.waiting === 1)
  log.append()
  await seen([slow, quick], 6)
  assert.equal(slow.sent.at(-1), quick.sent.at(-1))
})

test('nothing is read while all clients are behind', async () => {
  const { log, follow } = stage()
  const follows = [follow(), follow()]
  await waitUntil(() => log.waiting === 1)
  for (const each of follows) each.stalls = true
  log.append()
  await seen(follows, 1)
  log.append(10)
  await new Promise(resolve => setTimeout(resolve, 30))
  assert.deepEqual([log.handedOut, log.waiting], [1, 0])
  for (const each of follows) each.reads()
  await seen(follows, 11)
})

test('a caller that owes records or bytes is held back alone', async () => {
  const { log, follow } = stage()
  const [owing, free] = [follow(0, { debtMs: 200 }), follow()]
  await waitUntil(() => log.waiting === 1)
  for (let end = 1; end <= 3; end++) {
    log.append()
    await seen([free], end)
  }
  assert.deepEqual(owing.offsets, [0])
  await seen([owing], 3)
})

test('streams of another form, or that end after so many records, share nothing', async () => {
  const { log, follow } = stage()
  const follows = [follow(), follow(0, { name: 'other' }), follow(0, { count: 2 }), follow(0, { count: 2 })]
  await waitUntil(() => log.waiting === 4)
  log.append(5)
  await seen(follows.slice(0, 2), 5)
  await Promise.all(follows.slice(2).map(({ over }) => over))
  assert.deepEqual(
    follows.map(({ offsets }) => offsets.length),
    [5, 5, 2, 2]
  )
  assert.equal(new Set(follows.map(({ sent }) => sent[1])).size, 4)
})

test('the wait goes on while one of its streams is left, and ends with the last', async () => {
  const { log, follow } = stage()
  const [one, other] = [follow(), follow()]
  await waitUntil(() => log.waiting === 1)
  one.stop('gone')
  await one.over
  assert.equal(log.waiting, 1)
  other.stop('gone')
  await other.over
  await waitUntil(() => log.waiting === 0)
})

test('what ends one stream ends all at the place, each with its position and the error', async () => {
  const { log, follow } = stage()
  const follows = [follow(), follow()]
  await waitUntil(() => log.waiting === 1)
  log.append()
  await seen(follows, 1)
  log.failure = new GatewayError('TOPIC_NOT_FOUND', 'gone')
  log.wake()
  for (const { over } of follows) await over
  assert.deepEqual(
    follows.map(({ lines }) => lines.at(-1)),
    follows.map(() => ({ error: { code: 'TOPIC_NOT_FOUND' }, next: '0:1' }))
  )
})

test('a stream is over after so long without a record, and not before', async () => {
  const { log, follow } = stage()
  const stream = follow(0, { idleMs: 60 })
  for (let end = 1; end <= 3; end++) {
    await new Promise(resolve => setTimeout(resolve, 30))
    log.append()
    await seen([stream], end)
  }
  const lastMs = performance.now()
  await stream.over
  assert.ok(performance.now() - lastMs >= 50)
})

test('a client that leaves while it is behind ends its stream, and no other', async () => {
  const { log, follow } = stage()
  const [leaving, staying] = [follow(), follow()]
  await waitUntil(() => log.waiting === 1)
  leaving.stalls = true
  log.append()
  await seen([leaving, staying], 1)
  leaving.leave()
  await leaving.over
  log.append()
  await seen([staying], 2)
})

test('whoever comes, stalls and leaves when, each client gets every record once, in order, with where to resume', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('append'), records: fc.integer({ min: 1, max: 1500 }) }),
    fc.record({ kind: fc.constantFrom('stall', 'read', 'stop'), client: fc.nat(5) }),
    fc.record({ kind: fc.constant('follow'), from: fc.nat(9) }),
    fc.constant({ kind: 'turn' })
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async steps => {
      const { log, follow } = stage()
      const clients: { stream: Follow; from: number; isOver: boolean }[] = []
      for (const each of steps) {
        const client = 'client' in each ? clients[each.client] : undefined
        if ('records' in each) log.append(each.records)
        else if ('from' in each) {
          const from = Math.max(0, log.end - each.from * 300)
          clients.push({ stream: follow(from), from, isOver: false })
        } else if (each.kind === 'stall' && client !== undefined) client.stream.stalls = true
        else if (each.kind === 'read') client?.stream.reads()
        else if (each.kind === 'stop' && client !== undefined) {
          client.stream.stop()
          client.isOver = true
        } else await new Promise(resolve => setTimeout(resolve, 1))
      }
      log.append()
      for (const { stream, from, isOver } of clients) {
        stream.reads()
        if (!isOver) await waitUntil(() => stream.offsets.at(-1) === log.end - 1)
        stream.stop()
        await stream.over
        const next = Number(stream.next.slice(2))
        assert.deepEqual(stream.offsets, range(from, next))
        if (!isOver) assert.equal(next, log.end)
      }
      await waitUntil(() => log.waiting === 0)
    }),
    { numRuns: 25 }
  )
})
