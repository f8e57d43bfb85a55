import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { offsetsWriter } from '../../../src/api/v2/offsets.ts'
import type { RecordFailure } from '../../../src/core/produce-outcome.ts'

const failures: readonly RecordFailure[] = [
  { code: 'NOT_ENOUGH_REPLICAS', message: 'Too few "replicas".', retriable: true, stored: 'no' },
  { code: 'OUTCOME_UNKNOWN', message: 'Größe\n', retriable: false, stored: 'unknown' }
]
const errorCodeOf = ({ code }: RecordFailure) => (code === 'NOT_ENOUGH_REPLICAS' ? 50003 : 50002)

type Fate = RecordFailure | { readonly partition: number; readonly offset: number }
const fate: fc.Arbitrary<Fate> = fc.oneof(
  fc.record({ partition: fc.nat({ max: 2 ** 31 - 1 }), offset: fc.maxSafeNat() }),
  fc.constantFrom(...failures)
)

function outcomeOf(fates: readonly Fate[]) {
  const failed = fates.flatMap((each, record) => ('code' in each ? [[record, each] as const] : []))
  return {
    count: fates.length,
    partitions: Int32Array.from(fates, each => ('code' in each ? 7 : each.partition)),
    offsets: Float64Array.from(fates, each => ('code' in each ? -1 : each.offset)),
    ...(failed.length === 0 ? {} : { failures: new Map(failed) })
  }
}

suite('The answer to a produce request of v2', () => {
  test('has an entry for each record with all four members, and the ids of no schemas, under Confluent', () => {
    fc.assert(
      fc.property(fc.array(fate, { maxLength: 30 }), fates => {
        const offsets = fates.map(each =>
          'code' in each
            ? { partition: null, offset: null, error_code: errorCodeOf(each), error: each.message }
            : { ...each, error_code: null, error: null }
        )
        assert.equal(
          offsetsWriter('confluent', errorCodeOf).write(outcomeOf(fates)).toString(),
          JSON.stringify({ offsets, key_schema_id: null, value_schema_id: null })
        )
      })
    )
  })

  test('has partition and offset or the error of each record, under Strimzi', () => {
    fc.assert(
      fc.property(fc.array(fate, { maxLength: 30 }), fates => {
        const offsets = fates.map(each =>
          'code' in each ? { error_code: errorCodeOf(each), message: each.message } : each
        )
        assert.equal(
          offsetsWriter('strimzi', errorCodeOf).write(outcomeOf(fates)).toString(),
          JSON.stringify({ offsets })
        )
      })
    )
  })
})
