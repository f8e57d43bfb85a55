import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  type Assignment,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type Subscription,
  type TopicPartitions
} from '../../../src/kafka/groups/consumer-protocol.ts'
import { oracle } from './oracle.ts'

const RUNS = 200
const VERSIONS = [0, 1, 2, 3] as const

/** The oracle splits its questions at blanks, commas and colons. */
const name = fc.stringMatching(/^[a-zA-Z0-9._é€-]{2,9}$/)
const userData = fc.option(fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes)))
const partitions: fc.Arbitrary<TopicPartitions> = fc
  .uniqueArray(fc.tuple(name, fc.uniqueArray(fc.nat(50), { minLength: 1, maxLength: 4 })), {
    maxLength: 4,
    selector: ([topic]) => topic
  })
  .map(entries => new Map(entries))
const subscriptions = fc.record({
  topics: fc.uniqueArray(name, { maxLength: 4 }),
  userData,
  ownedPartitions: partitions,
  generationId: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  rackId: fc.option(name)
})
const assignments = fc.record({ partitions, userData })
const version = fc.constantFrom(...VERSIONS)

const listed = (items: readonly string[]): string => items.join(',') || '-'
const hex = (bytes: Buffer | null): string => (bytes === null ? 'null' : `x${bytes.toString('hex')}`)
/** Sorted, as Java writes them. */
const partitionsText = (of: TopicPartitions): string =>
  listed(
    [...of.keys()]
      .sort()
      .map(topic => [topic, ...(of.get(topic) ?? []).toSorted((one, other) => one - other)].join(':'))
  )

const subscriptionText = ({ topics, userData, ownedPartitions, generationId, rackId }: Required<Subscription>) =>
  `${listed(topics.toSorted())} ${hex(userData)} ${partitionsText(ownedPartitions)} ${generationId} ${rackId ?? '-'}`
const assignmentText = ({ partitions, userData }: Assignment) => `${partitionsText(partitions)} ${hex(userData)}`

/** A subscription without what the version lacks. */
const asOf = (subscription: Required<Subscription>, version: number): Required<Subscription> => ({
  ...subscription,
  ownedPartitions: version >= 1 ? subscription.ownedPartitions : new Map(),
  generationId: version >= 2 ? subscription.generationId : -1,
  rackId: version >= 3 ? subscription.rackId : null
})

suite('The consumer protocol', () => {
  test('is read by Java as it was meant, in each version', async () => {
    const samples = fc.sample(fc.tuple(subscriptions, assignments, version), { numRuns: RUNS, seed: 3 })
    const answers = await oracle(
      samples.flatMap(([subscription, assignment, version]) => [
        `readSubscription ${hex(encodeSubscription(subscription, version))}`,
        `readAssignment ${hex(encodeAssignment(assignment, version))}`
      ])
    )
    const expected = samples.flatMap(([subscription, assignment, version]) => [
      subscriptionText(asOf(subscription, version)),
      assignmentText(assignment)
    ])
    assert.deepEqual(answers, expected)
  })

  test('is read from what Java writes, in each version', async () => {
    const samples = fc.sample(fc.tuple(subscriptions, assignments, version), { numRuns: RUNS, seed: 4 })
    const answers = await oracle(
      samples.flatMap(([subscription, assignment, version]) => [
        `subscription ${version} ${subscriptionText(subscription)}`,
        `assignment ${version} ${assignmentText(assignment)}`
      ])
    )
    samples.forEach(([subscription, assignment, version], index) => {
      const [one, other] = [answers[2 * index], answers[2 * index + 1]].map(text => Buffer.from(text.slice(1), 'hex'))
      const read = decodeSubscription(one)
      assert.ok(read !== null)
      assert.equal(subscriptionText(read), subscriptionText(asOf(subscription, version)))
      const given = decodeAssignment(other)
      assert.ok(given !== null)
      assert.equal(assignmentText(given), assignmentText(assignment))
    })
  })

  test('of damaged bytes is refused exactly where Java refuses it', async () => {
    const damaged = fc
      .tuple(subscriptions, assignments, version, fc.boolean(), fc.nat(), fc.nat(255), fc.boolean())
      .map(([subscription, assignment, version, which, at, byte, cut]) => {
        const bytes = which ? encodeSubscription(subscription, version) : encodeAssignment(assignment, version)
        const place = at % bytes.length
        if (cut) return { which, bytes: bytes.subarray(0, place) }
        const changed = Buffer.from(bytes)
        changed[place] = byte
        return { which, bytes: changed }
      })
    const samples = fc.sample(damaged, { numRuns: 4 * RUNS, seed: 5 })
    const answers = await oracle(
      samples.map(({ which, bytes }) => `${which ? 'readSubscription' : 'readAssignment'} ${hex(bytes)}`)
    )
    const refused = samples.map(
      ({ which, bytes }) => (which ? decodeSubscription(bytes) : decodeAssignment(bytes)) === null
    )
    samples.forEach(({ bytes }, index) =>
      assert.equal(refused[index], answers[index] === 'malformed', `${hex(bytes)} ${answers[index]}`)
    )
    assert.ok(refused.filter(Boolean).length > RUNS / 2)
  })

  test('of a later version is read as the newest, and what follows is ignored', () => {
    const bytes = encodeSubscription({ topics: ['t'], userData: Buffer.from('{}') })
    bytes.writeInt16BE(99, 0)
    const read = decodeSubscription(Buffer.concat([bytes, Buffer.from('more')]))
    assert.deepEqual([read?.topics, read?.userData?.toString()], [['t'], '{}'])
  })

  test('of no bytes is nothing', () => {
    assert.equal(decodeSubscription(Buffer.alloc(0)), null)
    assert.equal(decodeAssignment(Buffer.alloc(0)), null)
  })

  test('never shares memory with what it was read from: answers are views of a buffer that is used again', () => {
    const bytes = encodeSubscription({ topics: ['t'], userData: Buffer.from('kept') })
    const read = decodeSubscription(bytes)
    bytes.fill(0)
    assert.equal(read?.userData?.toString(), 'kept')
  })
})
