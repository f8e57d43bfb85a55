import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EVENT_FORM, eventStream } from '../../../../src/api/shared/follow/event-stream.ts'
import { pageWriters } from '../../../../src/api/v1/record-form.ts'
import { pageOf } from '../../../http/support/front.ts'
import { eventsIn } from '../../../support/stream.ts'

const writer = pageWriters(EVENT_FORM).auto.auto
const form = eventStream(() => writer.begin())

test('whatever a record holds, it is one event, and the position is the last id', () => {
  const value = fc.oneof(
    fc.string({ unit: fc.constantFrom('\r', '\n', '\0', ':', ' ', 'data: ', '\u2028', '\uFEFF', 'a', '"', '\\') }),
    fc.string({ unit: 'binary' })
  )
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), values => {
      const text = form.text()
      for (const each of values) text.add(pageOf(Buffer.from(each)), 'a')
      const { events, lastId } = eventsIn(form.begin('0:1') + text.finish(form.tail('0:8')).toString())
      const wanted = values.map(each => Buffer.from(each).toString())
      assert.deepEqual(
        events.map(({ data }) => JSON.parse(data).value),
        wanted
      )
      assert.deepEqual([events.at(-1)?.id, lastId], ['0:8', '0:8'])
    })
  )
})

test('the beginning sets the id and fires nothing; so does a beat, which leaves the id alone unless it moved', () => {
  assert.deepEqual(eventsIn(form.begin('0:1')), { events: [], lastId: '0:1' })
  assert.deepEqual(eventsIn(form.begin('0:1') + form.beat('0:1', false)), { events: [], lastId: '0:1' })
  assert.deepEqual(eventsIn(form.begin('0:1') + form.beat('0:2', true)), { events: [], lastId: '0:2' })
})

test('what a search has looked at stands in a comment: it fires nothing, and leaves the id alone', () => {
  const text = form.begin('0:1') + form.beat('0:1', false, 7) + form.beat('0:2', true, 8)
  assert.deepEqual(eventsIn(text), { events: [], lastId: '0:2' })
  assert.match(text, /\n: \{"scanned":7\}\n\n: \{"scanned":8\}\nid: 0:2\n\n$/)
  assert.deepEqual(eventsIn(form.complete('0:3', 9)), {
    events: [{ type: 'complete', data: '{}', id: '0:3' }],
    lastId: '0:3'
  })
})

test('a client comes back after one to three seconds, not all at the same time', () => {
  const retries = Array.from({ length: 100 }, () => Number(/^retry: (\d+)\n/.exec(form.begin('0:1'))?.[1]))
  assert.ok(retries.every(retry => retry >= 1000 && retry < 3000))
  assert.ok(new Set(retries).size > 10)
})

test('a failure and the end are events with a name, because one without data fires nothing', () => {
  const { events } = eventsIn(form.failure('{"code":"X"}', '0:1') + form.stopping('', '0:1'))
  assert.deepEqual(events, [
    { type: 'failure', data: '{"code":"X"}', id: '0:1' },
    { type: 'end', data: '{}', id: '0:1' }
  ])
})
