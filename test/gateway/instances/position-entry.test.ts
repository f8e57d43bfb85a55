import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  ENTRY_CHARACTERS,
  fits,
  instanceKey,
  METADATA_CHARACTERS,
  type PositionEntry,
  readMetadata,
  topicKey,
  writeMetadata
} from '../../../src/gateway/instances/position-entry.ts'

const offset = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const delivered = fc.record(
  {
    instance: fc.string({ unit: 'grapheme', minLength: 1 }).map(name => instanceKey(name, 'born')),
    generation: fc.nat({ max: 2 ** 31 - 1 }),
    version: offset,
    to: offset,
    openFrom: fc.option(offset),
    autoCommit: fc.boolean()
  },
  { noNullPrototype: true }
)
const entry: fc.Arbitrary<PositionEntry> = fc.record(
  {
    topic: fc
      .option(fc.uint8Array({ minLength: 16, maxLength: 16 }))
      .map(id => topicKey(id === null ? null : Buffer.from(id))),
    start: fc.option(offset),
    hour: offset,
    delivered: fc.option(delivered)
  },
  { noNullPrototype: true }
)
/** Also what looks like an entry. */
const metadata = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.tuple(fc.string(), entry).map(([text, inner]) => writeMetadata({ metadata: text, entry: inner }))
)

suite('Rule 7: a position in the metadata of a commit', () => {
  test("comes back beside the client's own metadata, whatever that is", () => {
    fc.assert(
      fc.property(metadata, entry, (text, written) => {
        assert.deepEqual(readMetadata(writeMetadata({ metadata: text, entry: written })), {
          metadata: text,
          entry: written
        })
      }),
      { numRuns: 500 }
    )
  })

  test('ends with U+0000, for clients that read past the end, and has at most 256 characters', () => {
    const largest: PositionEntry = {
      topic: topicKey(randomBytes(16)),
      start: Number.MAX_SAFE_INTEGER,
      hour: Number.MAX_SAFE_INTEGER,
      delivered: {
        instance: instanceKey('x'.repeat(249), 'born'),
        generation: 2 ** 31 - 1,
        version: Number.MAX_SAFE_INTEGER,
        to: Number.MAX_SAFE_INTEGER,
        openFrom: Number.MAX_SAFE_INTEGER,
        autoCommit: true
      }
    }
    const text = writeMetadata({ metadata: '', entry: largest })
    assert.ok(text.length <= ENTRY_CHARACTERS, `${text.length} characters`)
    assert.equal(text.at(-1), '\u0000')
    assert.deepEqual(readMetadata(text).entry, largest)
  })

  test('is not seen in texts of others, which are the client’s as a whole', () => {
    for (const text of [
      '',
      'x',
      '\u0000',
      '\u001Fkrp1|',
      '\u001Fkrp1|\u0000',
      'a\u001Fkrp1||||||||x',
      'a\u001Fkrp1|||1|||||a\u0000',
      '\u001Fkrp1|1|2|3|\u0000'
    ])
      assert.deepEqual(readMetadata(text), { metadata: text, entry: null })
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text =>
        assert.deepEqual(readMetadata(text), { metadata: text, entry: null })
      )
    )
  })

  test('leaves a client so many characters that the longest entry fits', () => {
    assert.ok(fits('m'.repeat(METADATA_CHARACTERS - ENTRY_CHARACTERS)))
    assert.ok(!fits('m'.repeat(METADATA_CHARACTERS - ENTRY_CHARACTERS + 1)))
  })
})
