import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConnectionChoice } from '../../../src/kafka/produce/connection-choice.ts'

const partition = (number: number, leader: number, replicas: number[]) => ({
  partition: number,
  leader,
  leaderEpoch: 0,
  replicas,
  isr: replicas
})

suite('The choice of a connection', () => {
  test('partitions that wait for the same followers share a connection, whatever the order of their replicas', () => {
    const choice = new ConnectionChoice(4)
    const connection = choice.of(partition(0, 1, [1, 2, 3]))
    assert.equal(choice.of(partition(1, 1, [1, 3, 2])), connection)
    assert.equal(choice.of(partition(2, 1, [3, 1, 2])), connection)
  })

  test('others get one of their own while there are connections, and share when there are none left', () => {
    const choice = new ConnectionChoice(3)
    const sets = [
      [1, 2],
      [1, 3],
      [1, 4],
      [1, 5]
    ]
    assert.deepEqual(
      sets.map((replicas, number) => choice.of(partition(number, 1, replicas))),
      [0, 1, 2, 0]
    )
  })

  test('each leader has its own count', () => {
    const choice = new ConnectionChoice(2)
    assert.equal(choice.of(partition(0, 1, [1, 2])), 0)
    assert.equal(choice.of(partition(1, 2, [1, 2])), 0)
    assert.equal(choice.of(partition(2, 2, [2, 3])), 1)
  })

  test('a partition keeps its connection when metadata is described anew', () => {
    const choice = new ConnectionChoice(2)
    choice.of(partition(0, 1, [1, 2]))
    const before = choice.of(partition(1, 1, [1, 3]))
    assert.equal(choice.of(partition(1, 1, [1, 3])), before)
  })
})
