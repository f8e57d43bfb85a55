import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics } from '../../../src/kafka/messages/create-topics.ts'
import { deleteTopics } from '../../../src/kafka/messages/delete-topics.ts'
import { describeCluster } from '../../../src/kafka/messages/describe-cluster.ts'
import { describeConfigs } from '../../../src/kafka/messages/describe-configs.ts'
import { describeGroups } from '../../../src/kafka/messages/describe-groups.ts'
import { findCoordinator } from '../../../src/kafka/messages/find-coordinator.ts'
import { heartbeat } from '../../../src/kafka/messages/heartbeat.ts'
import { joinGroup } from '../../../src/kafka/messages/join-group.ts'
import { leaveGroup } from '../../../src/kafka/messages/leave-group.ts'
import { listGroups } from '../../../src/kafka/messages/list-groups.ts'
import { listOffsets } from '../../../src/kafka/messages/list-offsets.ts'
import type { Message } from '../../../src/kafka/messages/message.ts'
import { metadata } from '../../../src/kafka/messages/metadata.ts'
import { offsetCommit } from '../../../src/kafka/messages/offset-commit.ts'
import { offsetFetch } from '../../../src/kafka/messages/offset-fetch.ts'
import { syncGroup } from '../../../src/kafka/messages/sync-group.ts'
import { WireReader } from '../../../src/kafka/wire/wire-reader.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { sharedBroker, uniqueTopic } from '../../support/gateway.ts'

/** COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR. */
const COORDINATOR_NOT_READY = new Set([14, 15, 16])
const COORDINATOR_LIMIT_MS = 20_000
const TOPIC_LIMIT_MS = 20_000

suite('A real broker understands each message in each version, and its answer is read to the end', () => {
  const topic = uniqueTopic('messages')
  const group = uniqueTopic('group')
  let socket: Socket
  let answers: AsyncIterator<Buffer>

  before(async () => {
    const [host, port] = sharedBroker().split(':')
    socket = connect(Number(port), host)
    answers = framesOf(socket)
    const created = await ask(createTopics, createTopics.max, {
      topics: [{ name: topic, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }]
    })
    assert.deepEqual(
      created.topics.map(({ name, errorCode, numPartitions }) => [name, errorCode, numPartitions]),
      [[topic, 0, 2]]
    )
    // The controller has made it; the broker learns of it a moment later.
    for (const end = Date.now() + TOPIC_LIMIT_MS; Date.now() < end; await sleep(20)) {
      const { topics } = await ask(metadata, metadata.max, { topics: [{ name: topic }] })
      if (topics[0].partitions.length === 2 && topics[0].partitions.every(({ leaderId }) => leaderId >= 0)) break
    }
  })
  after(async () => {
    const deleted = await ask(deleteTopics, 5, { topicNames: [topic], timeoutMs: 5000 })
    assert.deepEqual(
      deleted.responses.map(({ name, errorCode }) => [name, errorCode]),
      [[topic, 0]]
    )
    socket.destroy()
  })

  async function ask<Q, A>(message: Message<Q, A>, version: number, request: Q): Promise<A> {
    const flexible = version >= message.flexibleSince
    const writer = new WireWriter(flexible).int16(message.key).int16(version).int32(version)
    // The client id keeps its old form in all headers (KIP-482).
    writer.int16(4).raw(Buffer.from('test')).noTags()
    message.write(writer, version, request)
    const body = writer.finish()
    const size = Buffer.alloc(4)
    size.writeInt32BE(body.length)
    socket.write(Buffer.concat([size, body]))
    const { value } = await answers.next()
    const reader = new WireReader(value, flexible)
    assert.equal(reader.int32(), version)
    reader.skipTags()
    const answer = message.read(reader, version)
    assert.equal(reader.position, value.length, `version ${version} is read to the end`)
    return answer
  }

  async function inEachVersion<Q, A>(
    message: Message<Q, A>,
    requestOf: (version: number) => Q,
    check: (answer: A, version: number) => void
  ): Promise<void> {
    for (let version = message.min; version <= message.max; version++)
      check(await ask(message, version, requestOf(version)), version)
  }

  test('Metadata', async () => {
    await inEachVersion(
      metadata,
      () => ({ topics: [{ name: topic }] }),
      ({ topics, brokers }, version) => {
        assert.equal(brokers.length, 1)
        assert.deepEqual(
          topics.map(({ name, errorCode, partitions }) => [name, errorCode, partitions.length]),
          [[topic, 0, 2]],
          `version ${version}`
        )
      }
    )
  })

  test('ListOffsets', async () => {
    await inEachVersion(
      listOffsets,
      () => ({ replicaId: -1, topics: [{ name: topic, partitions: [{ partitionIndex: 1, timestamp: -1n }] }] }),
      ({ topics: [{ name, partitions }] }) =>
        assert.deepEqual([name, partitions[0].errorCode, partitions[0].offset], [topic, 0, 0n])
    )
  })

  test('DescribeConfigs', async () => {
    await inEachVersion(
      describeConfigs,
      () => ({ resources: [{ resourceType: 2, resourceName: topic, configurationKeys: ['retention.ms'] }] }),
      ({ results: [{ configs }] }) =>
        assert.deepEqual(
          configs.map(({ name, value }) => [name, value]),
          [['retention.ms', '604800000']]
        )
    )
  })

  test('DescribeCluster', async () => {
    await inEachVersion(
      describeCluster,
      () => ({}),
      ({ errorCode, brokers }) => assert.deepEqual([errorCode, brokers.length], [0, 1])
    )
  })

  test('FindCoordinator, OffsetCommit, OffsetFetch and ListGroups', async () => {
    await inEachVersion(
      { ...findCoordinator, max: 5 },
      version => (version < 4 ? { key: group } : { coordinatorKeys: [group] }),
      ({ port, coordinators }, version) => assert.ok(version < 4 ? port !== 0 : coordinators.length === 1)
    )
    const commit = {
      groupId: group,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: 7n, committedMetadata: 'm' }] }]
    }
    // The first coordinator that Kafka names creates the topic of its offsets, and loads it, before it takes any.
    for (const end = Date.now() + COORDINATOR_LIMIT_MS; Date.now() < end; await sleep(50)) {
      const { topics } = await ask(offsetCommit, offsetCommit.min, commit)
      if (!COORDINATOR_NOT_READY.has(topics[0].partitions[0].errorCode)) break
    }
    await inEachVersion(
      { ...offsetCommit, max: 9 },
      () => commit,
      ({ topics }) =>
        assert.deepEqual(
          topics[0].partitions.map(({ errorCode }) => errorCode),
          [0]
        )
    )
    await inEachVersion(
      { ...offsetFetch, max: 9 },
      version =>
        version < 8
          ? { groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }
          : { groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }] },
      ({ topics, groups }, version) => {
        const [{ partitions }] = version < 8 ? topics : groups[0].topics
        assert.deepEqual(
          partitions.map(({ committedOffset, metadata: text }) => [committedOffset, text]),
          [[7n, 'm']]
        )
      }
    )
    await inEachVersion(
      listGroups,
      () => ({}),
      ({ groups }) => assert.ok(groups.some(({ groupId }) => groupId === group))
    )
  })

  test('JoinGroup, SyncGroup, Heartbeat, DescribeGroups and LeaveGroup', async () => {
    const member = { groupId: `${group}-9`, memberId: '', generationId: 0 }
    const protocols = [{ name: 'range', metadata: Buffer.from('000000000000ffffffff', 'hex') }]
    await inEachVersion(
      joinGroup,
      version => ({
        groupId: `${group}-${version}`,
        sessionTimeoutMs: 10_000,
        ...(version >= 1 ? { rebalanceTimeoutMs: 10_000 } : {}),
        memberId: '',
        ...(version >= 5 ? { groupInstanceId: 'instance' } : {}),
        protocolType: 'consumer',
        protocols
      }),
      ({ errorCode, generationId, leader, memberId, members }, version) => {
        // From version 4 on a dynamic member has to come again with the id that it is given (KIP-394).
        if (version === 4) return assert.deepEqual([errorCode, memberId === ''], [79, false])
        assert.deepEqual([errorCode, generationId, leader, members.length], [0, 1, memberId, 1])
        member.memberId = memberId
        member.generationId = generationId
      }
    )
    const assignments = [{ memberId: member.memberId, assignment: Buffer.from('all') }]
    await inEachVersion(
      syncGroup,
      version => ({
        ...member,
        assignments,
        ...(version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {})
      }),
      ({ errorCode, assignment }) => assert.deepEqual([errorCode, assignment.toString()], [0, 'all'])
    )
    await inEachVersion(
      heartbeat,
      () => member,
      ({ errorCode }) => assert.equal(errorCode, 0)
    )
    await inEachVersion(
      describeGroups,
      () => ({ groups: [member.groupId] }),
      ({ groups: [{ groupState, members }] }) =>
        assert.deepEqual([groupState, members[0].memberId], ['Stable', member.memberId])
    )
    await inEachVersion(
      leaveGroup,
      version => ({
        groupId: member.groupId,
        ...(version < 3 ? { memberId: member.memberId } : { members: [{ memberId: member.memberId }] })
      }),
      ({ errorCode, members }, version) => {
        const left = version < 3 ? errorCode : members[0].errorCode
        assert.equal(left, version === leaveGroup.min ? 0 : 25)
      }
    )
  })
})

/** Answers without their length. */
async function* framesOf(socket: Socket): AsyncGenerator<Buffer, never> {
  let received = Buffer.alloc(0)
  for await (const piece of socket) {
    received = Buffer.concat([received, piece as Buffer])
    while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
      const end = 4 + received.readInt32BE(0)
      yield received.subarray(4, end)
      received = received.subarray(end)
    }
  }
  throw new Error('The broker has closed the connection.')
}
