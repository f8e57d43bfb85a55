import { after, before, suite, test } from 'node:test'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'
import { seeding, sharedRows } from './support/both-peers.ts'
import { confluentRows } from './support/confluent-peer.ts'
import { follow } from './support/rows.ts'
import { strangerRows } from './support/strangers.ts'
import { strimziRows } from './support/strimzi-peer.ts'

const OWN = { confluent: confluentRows, strimzi: strimziRows }

/** What the documents of both peers say of v2, row by row, where no other test of `api/v2` or this folder has it. */
for (const dialect of ['confluent', 'strimzi'] as const)
  suite(`A client of v2 finds what it knows (${dialect})`, () => {
    const place = { topic: uniqueTopic('v2-peers'), dialect }
    let gateway: TestGateway
    before(async () => {
      gateway = await TestGateway.start({ settings: { apis: { v2: dialect } } })
      await gateway.createTopic(place.topic, { partition_count: 3 })
    })
    after(() => gateway.close())

    test('records are stored, with an entry for each', () => follow(gateway, seeding(place)))
    for (const rowsOf of [sharedRows, OWN[dialect], strangerRows])
      for (const [name, rows] of Object.entries(rowsOf(place))) test(name, () => follow(gateway, rows()))
  })
