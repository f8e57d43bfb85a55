import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SingleFlight } from '../../../src/core/lib/single-flight.ts'

suite('Callers who ask while an answer is under way', () => {
  test('join it, whether it succeeds or fails; whoever asks after that begins another', async () => {
    const flights = new SingleFlight<number>()
    const under = [Promise.withResolvers<number>(), Promise.withResolvers<number>()]
    let begun = 0
    const ask = () => under[begun++].promise
    const first = [flights.of('a', ask), flights.of('a', ask)]
    assert.deepEqual([begun, flights.has('a'), flights.has('b')], [1, true, false])
    under[0].reject(new Error('no'))
    for (const each of first) await assert.rejects(each, /no/)
    assert.equal(flights.has('a'), false)
    const second = flights.of('a', ask)
    under[1].resolve(7)
    assert.deepEqual([await second, begun], [7, 2])
  })

  test('of another name begin their own', async () => {
    const flights = new SingleFlight<string>()
    const both = [flights.of('a', () => Promise.resolve('A')), flights.of('b', () => Promise.resolve('B'))]
    assert.deepEqual(await Promise.all(both), ['A', 'B'])
  })
})
