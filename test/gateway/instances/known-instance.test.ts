import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { NOT_ASSIGNED } from '../../../src/gateway/instances/assigned.ts'
import { InstanceSubscription, instanceOf, type KnownInstance } from '../../../src/gateway/instances/known-instance.ts'
import { encodeSubscription } from '../../../src/kafka/groups/consumer-protocol.ts'
import { PLAIN } from './support.ts'

const known: KnownInstance = {
  topics: ['t', 'u'],
  settings: {
    ...PLAIN,
    ...NOT_ASSIGNED,
    version: 7,
    born: 'b',
    owner: 'o',
    pattern: null,
    counts: new Map([['t', 3]])
  }
}

function metadataOf(instance: KnownInstance, generationId = -1): Buffer {
  const { topics, userData } = new InstanceSubscription(instance)
  return encodeSubscription({ topics, userData, generationId })
}

suite('An instance as its group shows it', () => {
  test('is the one that is known already while nothing of it has changed, so that both are kept once', () => {
    assert.equal(instanceOf(metadataOf(known, 5), known), known)
  })

  test('is what the group shows where anything differs, its version or not', () => {
    const changes: KnownInstance[] = [
      { ...known, topics: ['t'] },
      { ...known, topics: ['u', 't'] },
      { ...known, settings: { ...known.settings, version: 8 } },
      { ...known, settings: { ...known.settings, pattern: 'p' } },
      { ...known, settings: { ...known.settings, counts: new Map() } }
    ]
    for (const changed of changes) assert.deepEqual(instanceOf(metadataOf(changed), known), changed)
    assert.deepEqual(instanceOf(metadataOf(known)), known)
  })

  test('is none where the member is not ours', () => {
    const foreign = { topics: known.topics, userData: Buffer.from('{}') }
    assert.equal(instanceOf(encodeSubscription(foreign), known), null)
    assert.equal(instanceOf(encodeSubscription({ ...foreign, userData: null }), known), null)
    assert.equal(instanceOf(Buffer.alloc(0), known), null)
  })
})
