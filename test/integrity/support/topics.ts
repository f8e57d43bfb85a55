import assert from 'node:assert/strict'
import { uniqueTopic } from '../../support/gateway.ts'
import { Client, type Target } from './client.ts'

/** Makes a topic that no other test has. */
export async function createTopic(target: Target, purpose: string, partitions = 1): Promise<string> {
  const topic = uniqueTopic(purpose)
  const client = new Client(target)
  const { status } = await client.request('PUT', `/v1/topics/${topic}`, `{"partition_count":${partitions}}`)
  client.close()
  assert.equal(status, 200)
  return topic
}

/** How many records the partitions of a topic hold. */
export async function storedRecords(target: Target, topic: string): Promise<number> {
  const client = new Client(target)
  const { json } = await client.request('GET', `/v1/metadata/topics/${topic}/partitions`)
  client.close()
  return json.partitions.reduce((sum: number, { latest_offset: end }: { latest_offset: number }) => sum + end, 0)
}

/** Puts records of 900 kB into partition 0: pages of several megabytes, which take time to read. */
export async function fillWithLarge(target: Target, topic: string, records: number): Promise<void> {
  const client = new Client(target)
  const body = JSON.stringify({ records: [{ value: 'x'.repeat(900_000), partition: 0 }] })
  for (let record = 0; record < records; record++)
    assert.equal((await client.request('POST', `/v1/producer/topics/${topic}`, body)).status, 200)
  client.close()
}
