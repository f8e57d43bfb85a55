import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requireShortPosition } from '../../../src/api/v1/topic-page.ts'
import type { TopicFollower } from '../../../src/gateway/gateway.ts'

/** A follower that stands at this offset in so many partitions. */
function followerAt(partitions: number, offset: number): TopicFollower {
  const starts = new Map(Array.from({ length: partitions }, (_, partition) => [partition, offset]))
  const follower: TopicFollower = {
    position: { topicId: 'Zk3v9aQx', starts },
    hasMore: false,
    isComplete: false,
    read: () => Promise.resolve({ count: 0, scanned: 0, scannedBytes: 0, passing: undefined }),
    wait: () => Promise.resolve(),
    at: () => follower,
    close: () => undefined
  }
  return follower
}

test('a position of more than 4096 characters is refused at the start, with how many partitions fit', () => {
  for (const offset of [7, 42_000_000, Number.MAX_SAFE_INTEGER]) {
    let fit = 0
    assert.throws(
      () => requireShortPosition(followerAt(1000, offset)),
      ({ code, message }: { code: string; message: string }) => {
        fit = Number(/Some (\d+) fit/.exec(message)?.[1])
        return code === 'INVALID_PARTITION' && message.includes('partitions')
      }
    )
    assert.ok(fit > 150)
    requireShortPosition(followerAt(fit, offset))
  }
})
