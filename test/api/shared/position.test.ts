import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { formatPosition, parsePosition } from '../../../src/api/shared/position.ts'
import type { Start } from '../../../src/gateway/gateway.ts'

const start: fc.Arbitrary<Start> = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom('earliest' as const, 'latest' as const),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(last => ({ last })),
  fc.maxSafeNat().map(sinceMs => ({ sinceMs }))
)
const topicId = fc.option(
  fc.uint8Array({ minLength: 6, maxLength: 6 }).map(id => Buffer.from(id).toString('base64url'))
)
const position = fc.record(
  {
    topicId,
    starts: fc
      .uniqueArray(fc.tuple(fc.nat(2 ** 31 - 1), start), { minLength: 1, selector: ([partition]) => partition })
      .map(starts => new Map(starts))
  },
  { noNullPrototype: true }
)

suite('A position', () => {
  test('is read as it was written, for every topic id, partition, offset and place to begin', () => {
    fc.assert(
      fc.property(position, each => {
        assert.deepEqual(parsePosition(formatPosition(each)), each)
      })
    )
  })

  test('needs no escape in JSON, in a header or in an event', () => {
    fc.assert(
      fc.property(position, each => {
        assert.match(formatPosition(each), /^[\w;:,@-]+$/)
      })
    )
  })

  test('is readable: the beginning of the topic id, then partition:offset', () => {
    const starts = new Map<number, Start>([
      [0, 42],
      [1, 'latest'],
      [2, { last: 5 }]
    ])
    assert.equal(formatPosition({ topicId: 'Zk3v9aQx', starts }), 'Zk3v9aQx;0:42,1:latest,2:-5')
    assert.equal(formatPosition({ topicId: null, starts: new Map([[0, 42]]) }), '0:42')
  })

  for (const text of [
    '',
    ';',
    'Zk3v9aQx;',
    '0',
    '0:',
    ':1',
    '0:1,',
    '0:1,0:2',
    '00:1',
    '0:-',
    'Zk3v9aQ;0:1',
    '0;1:2',
    '2147483648:1'
  ])
    test(`is not ${JSON.stringify(text)}`, () => {
      assert.equal(parsePosition(text), undefined)
    })
})
