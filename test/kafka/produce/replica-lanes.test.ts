import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ReplicaLanes } from '../../../src/kafka/produce/replica-lanes.ts'

const partition = (number: number, leader: number, replicas: number[]) => ({
  partition: number,
  leader,
  leaderEpoch: 0,
  replicas,
  isr: replicas
})

suite('Replica lanes', () => {
  test('partitions that wait for the same followers share a connection, whatever the order of their replicas', () => {
    const lanes = new ReplicaLanes(4)
    const lane = lanes.of(partition(0, 1, [1, 2, 3]))
    assert.equal(lanes.of(partition(1, 1, [1, 3, 2])), lane)
    assert.equal(lanes.of(partition(2, 1, [3, 1, 2])), lane)
  })

  test('others get one of their own while there are connections, and share when there are none left', () => {
    const lanes = new ReplicaLanes(3)
    const sets = [
      [1, 2],
      [1, 3],
      [1, 4],
      [1, 5]
    ]
    assert.deepEqual(
      sets.map((replicas, number) => lanes.of(partition(number, 1, replicas))),
      [0, 1, 2, 0]
    )
  })

  test('each leader has its own count', () => {
    const lanes = new ReplicaLanes(2)
    assert.equal(lanes.of(partition(0, 1, [1, 2])), 0)
    assert.equal(lanes.of(partition(1, 2, [1, 2])), 0)
    assert.equal(lanes.of(partition(2, 2, [2, 3])), 1)
  })

  test('a partition keeps its connection when metadata is described anew', () => {
    const lanes = new ReplicaLanes(2)
    lanes.of(partition(0, 1, [1, 2]))
    const before = lanes.of(partition(1, 1, [1, 3]))
    assert.equal(lanes.of(partition(1, 1, [1, 3])), before)
  })
})
