import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { recycleText } from '../../../../src/api/shared/records/text-writer.ts'
import { Receipts } from '../../../../src/api/shared/write/receipts.ts'

const TEXTS = ['"code":"ONE"}\n', '"code":"TWO","message":"ü"}\n'].map(text => Buffer.from(text))

function takeAll(receipts: Receipts, limitBytes: number): string {
  const parts: string[] = []
  while (!receipts.isEmpty) {
    const text = receipts.take(limitBytes)
    parts.push(text.toString())
    recycleText(text)
  }
  return parts.join('')
}

suite('Receipts', () => {
  test('come out as they were put in, in order, however they are mixed and whenever some are taken', () => {
    const entry = fc.oneof(
      fc.record({
        kind: fc.constant('stored' as const),
        partition: fc.nat(3),
        gap: fc.constantFrom(0, 0, 0, 1, 2 ** 40)
      }),
      fc.record({
        kind: fc.constant('failed' as const),
        partition: fc.integer({ min: -1, max: 200 }),
        text: fc.nat(1)
      }),
      fc.record({ kind: fc.constant('take' as const), bytes: fc.integer({ min: 64, max: 300 }) })
    )
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 300 }), entries => {
        const receipts = new Receipts()
        const offsets = [0, 0, 0, 0]
        let expected = ''
        let seen = ''
        let line = 0
        for (const each of entries) {
          if (each.kind === 'take') {
            if (receipts.isEmpty) continue
            const text = receipts.take(each.bytes)
            assert.ok(text.length > 0)
            seen += text.toString()
            recycleText(text)
            continue
          }
          line++
          if (each.kind === 'stored') {
            const offset = (offsets[each.partition] += each.gap)
            offsets[each.partition]++
            receipts.stored(each.partition, offset)
            expected += `{"partition":${each.partition},"offset":${offset}}\n`
          } else {
            receipts.failed(line, each.partition, TEXTS[each.text])
            const partition = each.partition < 0 ? '' : `"partition":${each.partition},`
            expected += `{"line":${line},${partition}${TEXTS[each.text].toString()}`
          }
        }
        assert.equal(seen + takeAll(receipts, 1000), expected)
        assert.equal(receipts.bytes, 0)
      })
    )
  })

  test('take one byte for a record whose offset follows the one before, whatever lies between, and almost none for a run', () => {
    const receipts = new Receipts()
    for (let offset = 0; offset < 10_000; offset++)
      for (let partition = 0; partition < 8; partition++) receipts.stored(partition, 2 ** 40 + offset)
    assert.ok(receipts.bytes < 81_000, `${receipts.bytes}`)
    const runs = new Receipts()
    for (let offset = 0; offset < 1_000_000; offset++) runs.stored(5, offset)
    assert.ok(runs.bytes < 20)
  })

  test('of records that fail alike share the text, so that an outage takes some bytes a record', () => {
    const receipts = new Receipts()
    for (let line = 1; line <= 8000; line++) receipts.failed(line, line % 8, TEXTS[1])
    assert.ok(receipts.bytes < 8000 * 8, `${receipts.bytes}`)
    const lines = takeAll(receipts, 65_536).trimEnd().split('\n')
    assert.deepEqual(JSON.parse(lines[7999]), { line: 8000, partition: 0, code: 'TWO', message: 'ü' })
  })
})
