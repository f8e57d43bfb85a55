import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  type Assigned,
  assignedBy,
  NOT_ASSIGNED,
  readAssigned,
  writeAssigned
} from '../../../src/gateway/instances/assigned.ts'
import { readRanges, writeRanges } from '../../../src/gateway/instances/ranges.ts'
import {
  decodeSettings,
  encodeSettings,
  type InstanceSettings,
  ownerOf
} from '../../../src/gateway/instances/settings.ts'

/** Objects as literals make them. */
const PLAIN = { noNullPrototype: true }
const topic = fc.oneof(fc.stringMatching(/^[a-zA-Z0-9._-]{1,249}$/), fc.constantFrom('__proto__', 'constructor'))
const number = fc.nat({ max: 2 ** 31 - 1 })
const partitions = fc
  .uniqueArray(fc.tuple(topic, fc.uniqueArray(fc.nat({ max: 60 }), { minLength: 1 })), { selector: ([name]) => name })
  .map(entries => new Map(entries.map(([name, numbers]) => [name, numbers.sort((one, other) => one - other)])))
/** Assigned by a first call, then by a second one. */
const assignments = fc
  .tuple(fc.maxSafeNat(), fc.maxSafeNat(), partitions, partitions)
  .map(([one, other, first, second]) => {
    const { assignedSince } = assignedBy(Math.min(one, other), first, new Map())
    return assignedBy(Math.max(one, other), second, assignedSince)
  })
const said: fc.Arbitrary<Omit<InstanceSettings, keyof Assigned>> = fc.record(
  {
    version: fc.maxSafeNat(),
    born: fc.string(),
    owner: fc.string({ maxLength: 22 }),
    format: fc.constantFrom('binary', 'json', 'text'),
    dialect: fc.constantFrom('confluent', 'strimzi'),
    autoCommit: fc.boolean(),
    reset: fc.constantFrom('earliest', 'latest', 'none'),
    isolation: fc.constantFrom('committed', 'uncommitted'),
    fetchMinBytes: number,
    waitMs: fc.option(number),
    pattern: fc.option(fc.string()),
    counts: fc.uniqueArray(fc.tuple(topic, number), { selector: ([name]) => name }).map(entries => new Map(entries))
  },
  PLAIN
)
const settings: fc.Arbitrary<InstanceSettings> = fc
  .tuple(said, fc.oneof(fc.constant(NOT_ASSIGNED), assignments))
  .map(([most, assigned]) => Object.assign(most, assigned))

suite('What an instance is, as user data', () => {
  test('comes back as it was written', () => {
    fc.assert(
      fc.property(settings, written => {
        assert.deepEqual(decodeSettings(encodeSettings(written)), written)
      })
    )
  })

  test('is not seen in the user data of anybody else, whatever that holds', () => {
    fc.assert(fc.property(fc.uint8Array(), bytes => assert.equal(decodeSettings(Buffer.from(bytes)), null)))
    fc.assert(fc.property(fc.json(), text => assert.equal(decodeSettings(Buffer.from(text)), null)))
    assert.equal(decodeSettings(null), null)
    assert.equal(decodeSettings(Buffer.alloc(0)), null)
  })

  test('is refused as a whole if a member of it is wrong, and read if a later gateway has added one', () => {
    const plain = {
      by: 'kafka-rest-gateway',
      v: 1,
      c: 'y',
      o: 'x',
      f: 'json',
      d: 'confluent',
      a: true,
      r: 'latest',
      i: 'committed'
    }
    const decode = (value: object) => decodeSettings(Buffer.from(JSON.stringify(value)))
    assert.equal(decode({ ...plain, later: [1] })?.version, 1)
    for (const wrong of [
      { by: 'somebody' },
      { v: -1 },
      { v: 1.5 },
      { v: '1' },
      { c: 1 },
      { o: 1 },
      { f: 'avro' },
      { d: 'x' },
      { a: 'true' },
      { r: 'x' },
      { i: null },
      { b: -1 },
      { w: '1' },
      { t: [] },
      { t: { a: '1' } },
      { t: { 1: { a: '1-0' } } },
      { t: { 1: { a: '1' }, 2: { a: '1' } } },
      { t: { '01': { a: '1' } } },
      { p: 1 },
      { n: { a: '1' } },
      { n: [] }
    ])
      assert.equal(decode({ ...plain, ...wrong }), null, JSON.stringify(wrong))
  })

  test('holds a manual assignment as ranges', () => {
    const assigned = new Map([['t', [20, ...Array.from({ length: 16 }, (_, index) => index), 22, 23]]])
    assert.deepEqual(writeRanges(assigned), { t: '0-15,20,22-23' })
    assert.equal(JSON.stringify(writeRanges(new Map([['none', []]]))), '{}')
    assert.deepEqual(writeAssigned(assignedBy(4, assigned, new Map())), { 4: { t: '0-15,20,22-23' } })
    const wide = Object.fromEntries(['1', '2', '3'].map(version => [version, { [`t${version}`]: '0-99999' }]))
    assert.equal(readAssigned(wide), null, 'no more in several versions than in one')
  })

  test('rule 7: tells since when each partition is assigned: one that is assigned once more is not assigned anew', () => {
    const first = assignedBy(2, new Map([['t', [0, 1]]]), new Map())
    const second = assignedBy(3, new Map([['t', [1, 2]]]), first.assignedSince)
    const third = assignedBy(4, new Map([['t', [0, 1, 2]]]), second.assignedSince)
    const since = new Map([
      [0, 4],
      [1, 2],
      [2, 3]
    ])
    assert.deepEqual(third, { assigned: new Map([['t', [0, 1, 2]]]), assignedSince: new Map([['t', since]]) })
  })

  test('names the caller by a digest that depends on issuer and id, and on where one ends', () => {
    const owners = [
      ownerOf({ issuer: 'a', id: 'bc' }),
      ownerOf({ issuer: 'ab', id: 'c' }),
      ownerOf({ issuer: '', id: 'abc' }),
      ownerOf({ issuer: 'a","b', id: 'c' })
    ]
    assert.equal(new Set(owners).size, 4)
    for (const owner of owners) assert.match(owner, /^[\w-]{22}$/)
  })
})

suite('Ranges of partitions', () => {
  test('come back as what was written, sorted and without repetition', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 80 }), { minLength: 1 }), numbers => {
        const expected = [...new Set(numbers)].sort((one, other) => one - other)
        assert.deepEqual(readRanges(writeRanges(new Map([['t', numbers]]))), new Map([['t', expected]]))
      })
    )
  })

  test('are refused when they are not as written: no number is guessed, and no text becomes millions of them', () => {
    for (const text of [
      '',
      '-',
      '1-',
      '-1',
      '01',
      '1-1',
      '2-1',
      '1,1',
      '1-3,3',
      '1,,2',
      ' 1',
      '1 ',
      '0-4294967296',
      '0-999999',
      '1e3'
    ])
      assert.equal(readRanges({ t: text }), null, text)
    for (const written of [null, 'x', 1, ['0'], { t: 0 }, { t: ['0'] }]) assert.equal(readRanges(written), null)
  })
})
