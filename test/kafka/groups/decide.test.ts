import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  decide,
  eventOf,
  type MemberAction,
  type MemberEvent,
  type MemberState,
  stateAfter
} from '../../../src/kafka/groups/decide.ts'

const states: readonly MemberState[] = ['idle', 'joining', 'looking', 'syncing', 'stable', 'ended']

/** Every cell, by hand: event, and the action in each of {@link states}. */
const cells: readonly (readonly [MemberEvent, readonly MemberAction[]])[] = [
  ['start', ['join', 'keep', 'keep', 'keep', 'keep', 'keep']],
  ['joined', ['keep', 'sync', 'keep', 'keep', 'keep', 'keep']],
  ['leadsByOldName', ['keep', 'look', 'keep', 'keep', 'keep', 'keep']],
  ['idGiven', ['keep', 'join', 'keep', 'keep', 'keep', 'keep']],
  ['groupStable', ['keep', 'keep', 'sync', 'keep', 'keep', 'keep']],
  ['groupUnstable', ['keep', 'keep', 'join', 'keep', 'keep', 'keep']],
  ['assigned', ['keep', 'keep', 'keep', 'serve', 'keep', 'keep']],
  ['unassigned', ['keep', 'keep', 'keep', 'joinChanged', 'keep', 'keep']],
  ['rebalancing', ['keep', 'again', 'join', 'join', 'join', 'keep']],
  ['passed', ['keep', 'again', 'join', 'join', 'join', 'keep']],
  ['changed', ['keep', 'later', 'later', 'later', 'join', 'keep']],
  ['replaced', ['keep', 'keep', 'keep', 'keep', 'joinAnew', 'keep']],
  ['parked', ['keep', 'joinAnew', 'keep', 'joinAnew', 'keep', 'keep']],
  ['away', ['keep', 'again', 'again', 'again', 'keep', 'keep']],
  ['unknown', ['keep', 'end', 'end', 'end', 'end', 'keep']],
  ['unknownAfterMove', ['keep', 'joinAnew', 'joinAnew', 'joinAnew', 'end', 'keep']],
  ['fenced', ['end', 'end', 'end', 'end', 'end', 'keep']],
  ['refused', ['end', 'end', 'end', 'end', 'end', 'keep']]
]

suite('What a member does', () => {
  for (const [event, actions] of cells) {
    test(`${event}: ${actions.map((action, at) => `${states[at]} ${action}`).join(', ')}`, () => {
      assert.deepEqual(
        states.map(state => decide(state, event)),
        actions
      )
    })
  }

  test('never brings back a member that has ended', () => {
    for (const [event] of cells) assert.equal(decide('ended', event), 'keep')
  })

  test('leaves it in the state whose request it sends', () => {
    assert.deepEqual(
      (['join', 'joinAnew', 'joinChanged', 'look', 'sync', 'serve', 'end', 'again', 'later', 'keep'] as const).map(
        stateAfter
      ),
      ['joining', 'joining', 'joining', 'looking', 'syncing', 'stable', 'ended', null, null, null]
    )
  })

  test('follows from the error code: a member that the coordinator lost with a rebalance is not one that was removed', () => {
    const events = {
      '-1': 'away',
      14: 'away',
      15: 'away',
      16: 'away',
      22: 'passed',
      23: 'refused',
      24: 'refused',
      25: 'unknown',
      26: 'refused',
      27: 'rebalancing',
      30: 'refused',
      79: 'idGiven',
      81: 'refused',
      82: 'fenced',
      9999: 'refused'
    }
    for (const [code, event] of Object.entries(events)) assert.equal(eventOf(Number(code), false), event, code)
    assert.equal(eventOf(25, true), 'unknownAfterMove')
    assert.equal(eventOf(82, true), 'fenced')
  })
})
