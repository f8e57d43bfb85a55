import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  decide,
  eventOf,
  type Action,
  type BatchEvent,
  type Before,
  type Known
} from '../../../src/kafka/produce/decide.ts'

const knowns: readonly Known[] = ['none', 'missing', 'open', 'abandoned']

/** Every cell, by hand: event, what stands before the batch where that matters, and the action by {@link knowns}. */
const cells: readonly (readonly [BatchEvent, Before, readonly Action[]])[] = [
  ['stored', 'nothing', ['complete', 'complete', 'complete', 'complete']],
  ['notAppended', 'nothing', ['sendAgain', 'sendAgain', 'sendAgain', 'giveUp']],
  ['missing', 'nothing', ['sendAgain', 'sendAgain', 'sendAgain', 'giveUp']],
  ['undecided', 'nothing', ['sendAgain', 'sendAgain', 'sendAgain', 'giveUp']],
  ['rejected', 'nothing', ['split', 'giveUp', 'giveUp', 'giveUp']],
  ['refused', 'nothing', ['fail', 'giveUp', 'giveUp', 'giveUp']],
  ['outOfOrder', 'nothing', ['renew', 'giveUp', 'giveUp', 'giveUp']],
  ['outOfOrder', 'rejected', ['renew', 'renew', 'renew', 'giveUp']],
  ['outOfOrder', 'open', ['sendAgain', 'sendAgain', 'sendAgain', 'giveUp']],
  ['sessionLost', 'nothing', ['renew', 'giveUp', 'giveUp', 'giveUp']],
  ['topicReplaced', 'nothing', ['renew', 'renew', 'giveUp', 'giveUp']],
  ['topicGone', 'nothing', ['fail', 'fail', 'giveUp', 'giveUp']],
  ['expired', 'nothing', ['keep', 'giveUp', 'giveUp', 'giveUp']]
]

suite('The decision about a batch', () => {
  for (const [event, before, actions] of cells) {
    const where = event === 'outOfOrder' ? `${event} behind ${before}` : event
    test(`${where}: ${actions.map((action, at) => `${knowns[at]} ${action}`).join(', ')}`, () => {
      assert.deepEqual(
        knowns.map(known => decide(before, known, event)),
        actions
      )
    })
  }

  test('never says "not stored" of a batch that may be, nor sends one of unknown fate under other numbers', () => {
    const allowed: ReadonlySet<Action> = new Set(['complete', 'sendAgain', 'giveUp'])
    for (const [event, before] of cells) {
      if (before === 'rejected') continue
      for (const known of ['open', 'abandoned'] as const) {
        const action = decide(before, known, event)
        assert.ok(allowed.has(action), `${event} behind ${before}, ${known}: ${action}`)
      }
    }
  })

  test('an error code is an event: what Kafka raises before it appends is certain, what nobody listed is not', () => {
    const events = Object.entries({
      2: 'notAppended',
      3: 'missing',
      6: 'undecided',
      7: 'undecided',
      10: 'rejected',
      19: 'notAppended',
      20: 'undecided',
      29: 'refused',
      45: 'outOfOrder',
      46: 'stored',
      47: 'sessionLost',
      59: 'sessionLost',
      87: 'rejected',
      100: 'notAppended',
      9999: 'undecided'
    })
    assert.deepEqual(
      events.map(([code]) => [code, eventOf(Number(code))]),
      events
    )
  })
})
