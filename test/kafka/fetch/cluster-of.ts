import assert from 'node:assert/strict'
import { Deadline } from '../../../src/core/deadline.ts'
import { ReadFailure, type ReadFailureKind } from '../../../src/kafka/fetch/read-failure.ts'
import type { ReadRequest } from '../../../src/kafka/fetch/read-request.ts'
import { Reads } from '../../../src/kafka/fetch/reads.ts'
import type { LeaderHint } from '../../../src/kafka/metadata/leader-hints.ts'
import type { TopicMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import { TopicStore } from '../../../src/kafka/metadata/topic-store.ts'
import { TransportError } from '../../../src/kafka/transport/transport-error.ts'
import { recordsOf } from '../records/stored.ts'
import { leaderOf, ModelChannel, silent, topicLedBy, type Answer, type ModelLog } from './model-cluster.ts'

export const PAGE_BYTES = 6 * 1024 * 1024

interface Cluster {
  /** How each broker answers, by id. */
  readonly brokers: Readonly<Record<number, Answer>>
  /** What Kafka says of the topic, question by question; the last answer stays. */
  readonly topics?: readonly (TopicMetadata | null)[]
  readonly cacheBytes?: number
  readonly bounds?: { readonly earliest: number; readonly lastStable: number; readonly logEnd: number }
  /** Where the local part of the log begins, as the leader says at that time. */
  readonly localStart?: () => number | null
  /** The question about it brings the next of `topics`. */
  readonly movesAtLocalStart?: boolean
}

export function clusterOf({
  brokers,
  topics = [topicLedBy([1, 1, 1])],
  bounds = { earliest: 0, lastStable: 0, logEnd: 0 },
  localStart = () => 0,
  movesAtLocalStart = false,
  cacheBytes = 0
}: Cluster) {
  const channelsOf = () =>
    new Map(Object.entries(brokers).map(([id, answer]) => [Number(id), new ModelChannel(answer)]))
  const lanes = { prompt: channelsOf(), patient: channelsOf() }
  let asked = 0
  /** With the leaders that brokers have named since. */
  let named: TopicMetadata | undefined
  const current = () => named ?? topics[Math.min(asked, topics.length - 1)]
  const channelOf = (lane: 'prompt' | 'patient', id: number): ModelChannel => {
    const found = lanes[lane].get(id)
    if (found === undefined) throw new TransportError(`Broker ${id} is not known`, false)
    return found
  }
  const channel = (id: number) => channelOf('prompt', id)
  const patient = (id: number) => channelOf('patient', id)
  const metadata = {
    peek: () => current() ?? undefined,
    topic: () => Promise.resolve(current()),
    learnLeaders(topic: string, { topicId, leaders, from }: LeaderHint) {
      const store = new TopicStore(1)
      const known = current()
      if (known !== null) store.put(known)
      store.lead(topic, topicId, leaders)
      named = store.peek(topic)
      return named?.partitions[0].leader !== from
    },
    refresh() {
      asked++
      named = undefined
      return Promise.resolve(current())
    },
    onTopicChange: () => undefined
  }
  const reads = new Reads(
    { channel: (id, _lane, index) => channelOf(index === 0 ? 'prompt' : 'patient', id) },
    metadata,
    {
      bounds: () => Promise.resolve(bounds),
      localStart() {
        if (movesAtLocalStart) asked++
        return Promise.resolve(localStart())
      },
      boundsOf: () => Promise.reject(new Error('not asked')),
      offsetsSince: () => Promise.reject(new Error('not asked'))
    },
    { connectionsPerBroker: 1, requestTimeoutMs: 10_000, cacheBytes },
    silent
  )
  const request = (offset: number, records: number, more: Partial<ReadRequest> = {}): ReadRequest => ({
    topic: 'orders',
    partition: 0,
    offset,
    isolation: 'committed',
    limits: { records, bytes: PAGE_BYTES },
    deadline: Deadline.after(60_000),
    ...more
  })
  const read = async (offset: number, records: number, more: Partial<ReadRequest> = {}) =>
    reads.read(request(offset, records, more), (page, end) => ({
      offsets: recordsOf(page).map(each => each.offset),
      nextOffset: page.nextOffset,
      page,
      ...end
    }))
  return { read, request, reads, channel, patient, refreshes: () => asked }
}

export const stored = (log: ModelLog) => clusterOf({ brokers: { 1: leaderOf(log) } })
export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

export const within = (timeoutMs: number) => ({ deadline: Deadline.after(timeoutMs) })

export function failing(kind: ReadFailureKind, expected: { message?: RegExp; bounds?: object } = {}) {
  return (error: unknown) => {
    assert.ok(error instanceof ReadFailure, String(error))
    assert.equal(error.kind, kind)
    if (expected.message !== undefined) assert.match(error.message, expected.message)
    if (expected.bounds !== undefined) assert.deepEqual(error.bounds, expected.bounds)
    return true
  }
}
