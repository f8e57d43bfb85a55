import assert from 'node:assert/strict'
import { KEY_LENGTH, PARTITION, SPAN_STRIDE, VALUE_LENGTH, VALUE_START } from '../../../src/core/record-table.ts'
import type { Cluster } from '../../../src/kafka/cluster.ts'
import { soon } from '../../kafka/groups/support.ts'

/** Stores values in one partition. */
export async function produce(
  { metadata, accumulator }: Cluster,
  topic: string,
  partition: number,
  values: readonly string[]
): Promise<void> {
  const described = await metadata.topic(topic, soon())
  assert.ok(described !== null)
  const spans = new Int32Array(values.length * SPAN_STRIDE)
  let at = 0
  values.forEach((value, row) => {
    const length = Buffer.byteLength(value)
    spans[row * SPAN_STRIDE + KEY_LENGTH] = -1
    spans[row * SPAN_STRIDE + VALUE_START] = at
    spans[row * SPAN_STRIDE + VALUE_LENGTH] = length
    spans[row * SPAN_STRIDE + PARTITION] = partition
    at += length
  })
  const records = { bytes: Buffer.from(values.join('')), count: values.length, spans }
  const { failures } = await accumulator.submit(described, records, soon(), () => undefined)
  assert.equal(failures, undefined)
}
