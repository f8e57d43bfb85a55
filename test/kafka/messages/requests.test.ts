import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { askOffsets, EARLIEST_LOCAL, LATEST } from '../../../src/kafka/admin/list-offsets-message.ts'
import { askCreateTopic, askDeleteTopic, askTopicProperty } from '../../../src/kafka/admin/topic-messages.ts'
import { askMetadata } from '../../../src/kafka/metadata/metadata-message.ts'
import { askProducerId } from '../../../src/kafka/produce/init-producer-id.ts'
import type { BrokerChannel } from '../../../src/kafka/transport/broker-channel.ts'

interface Recorded {
  readonly name: string
  readonly ask: (channel: BrokerChannel) => Promise<unknown>
  /** Bodies as writers made by hand sent them: first and last version, bytes in hex. */
  readonly versions: readonly (readonly [first: number, last: number, body: string])[]
}

const QUERIES = [
  { partition: 0, leaderEpoch: 7 },
  { partition: 5, leaderEpoch: -1 }
]
const PROPERTIES = new Map([
  ['cleanup.policy', 'compact'],
  ['retention.ms', '-1']
])
const SPEC = { partitionCount: 3, replicationFactor: null, properties: PROPERTIES }
const DEFAULTS = { partitionCount: null, replicationFactor: null, properties: new Map<string, string>() }

const REQUESTS: readonly Recorded[] = [
  {
    name: 'Metadata of all topics',
    ask: channel => askMetadata(channel, null),
    versions: [
      [4, 7, 'ffffffff00'],
      [8, 8, 'ffffffff000000'],
      [9, 10, '0000000000'],
      [11, 12, '00000000']
    ]
  },
  {
    name: 'Metadata of no topic',
    ask: channel => askMetadata(channel, []),
    versions: [
      [4, 7, '0000000000'],
      [8, 8, '00000000000000'],
      [9, 10, '0100000000'],
      [11, 12, '01000000']
    ]
  },
  {
    name: 'Metadata of two topics',
    ask: channel => askMetadata(channel, ['orders', 'größe']),
    versions: [
      [4, 7, '0000000200066f726465727300076772c3b6c39f6500'],
      [8, 8, '0000000200066f726465727300076772c3b6c39f65000000'],
      [9, 9, '03076f726465727300086772c3b6c39f650000000000'],
      [
        10,
        10,
        '0300000000000000000000000000000000076f72646572730000000000000000000000000000000000086772c3b6c39f650000000000'
      ],
      [
        11,
        12,
        '0300000000000000000000000000000000076f72646572730000000000000000000000000000000000086772c3b6c39f6500000000'
      ]
    ]
  },
  {
    name: 'ListOffsets of the last stable offset',
    ask: channel => askOffsets(channel, 'orders', QUERIES, LATEST, 1, 2000),
    versions: [
      [2, 3, 'ffffffff010000000100066f72646572730000000200000000ffffffffffffffff00000005ffffffffffffffff'],
      [
        4,
        5,
        'ffffffff010000000100066f7264657273000000020000000000000007ffffffffffffffff00000005ffffffffffffffffffffffff'
      ],
      [6, 9, 'ffffffff0102076f7264657273030000000000000007ffffffffffffffff0000000005ffffffffffffffffffffffff000000'],
      [
        10,
        10,
        'ffffffff0102076f7264657273030000000000000007ffffffffffffffff0000000005ffffffffffffffffffffffff0000000007d000'
      ]
    ]
  },
  {
    name: 'ListOffsets of a time',
    ask: channel => askOffsets(channel, 'orders', QUERIES, 1_767_225_600_000n, 0, 2000),
    versions: [
      [2, 3, 'ffffffff000000000100066f726465727300000002000000000000019b76daa800000000050000019b76daa800'],
      [
        4,
        5,
        'ffffffff000000000100066f72646572730000000200000000000000070000019b76daa80000000005ffffffff0000019b76daa800'
      ],
      [6, 9, 'ffffffff0002076f72646572730300000000000000070000019b76daa8000000000005ffffffff0000019b76daa800000000'],
      [
        10,
        10,
        'ffffffff0002076f72646572730300000000000000070000019b76daa8000000000005ffffffff0000019b76daa8000000000007d000'
      ]
    ]
  },
  {
    name: 'ListOffsets of the local start, which before version 8 is the start',
    ask: channel => askOffsets(channel, 'orders', QUERIES, EARLIEST_LOCAL, 1, 2000),
    versions: [
      [2, 3, 'ffffffff010000000100066f72646572730000000200000000fffffffffffffffe00000005fffffffffffffffe'],
      [
        4,
        5,
        'ffffffff010000000100066f7264657273000000020000000000000007fffffffffffffffe00000005fffffffffffffffffffffffe'
      ],
      [6, 7, 'ffffffff0102076f7264657273030000000000000007fffffffffffffffe0000000005fffffffffffffffffffffffe000000'],
      [8, 9, 'ffffffff0102076f7264657273030000000000000007fffffffffffffffc0000000005fffffffffffffffffffffffc000000'],
      [
        10,
        10,
        'ffffffff0102076f7264657273030000000000000007fffffffffffffffc0000000005fffffffffffffffffffffffc0000000007d000'
      ]
    ]
  },
  {
    name: 'CreateTopics with properties',
    ask: channel => askCreateTopic(channel, 'orders', SPEC, 8000),
    versions: [
      [
        4,
        4,
        '0000000100066f726465727300000003ffff0000000000000002000e636c65616e75702e706f6c6963790007636f6d70616374000c726574656e74696f6e2e6d7300022d3100001f4000'
      ],
      [
        5,
        6,
        '02076f726465727300000003ffff01030f636c65616e75702e706f6c69637908636f6d70616374000d726574656e74696f6e2e6d73032d31000000001f400000'
      ]
    ]
  },
  {
    name: "CreateTopics with the cluster's defaults",
    ask: channel => askCreateTopic(channel, 'orders', DEFAULTS, 8000),
    versions: [
      [4, 4, '0000000100066f7264657273ffffffffffff000000000000000000001f4000'],
      [5, 6, '02076f7264657273ffffffffffff01010000001f400000']
    ]
  },
  {
    name: 'DeleteTopics',
    ask: channel => askDeleteTopic(channel, 'orders', 8000),
    versions: [
      [1, 3, '0000000100066f726465727300001f40'],
      [4, 5, '02076f726465727300001f4000']
    ]
  },
  {
    name: 'DescribeConfigs',
    ask: channel => askTopicProperty(channel, ['orders', 'bills'], 'max.message.bytes'),
    versions: [
      [
        1,
        2,
        '000000020200066f72646572730000000100116d61782e6d6573736167652e627974657302000562696c6c730000000100116d61782e6d6573736167652e627974657300'
      ],
      [
        3,
        3,
        '000000020200066f72646572730000000100116d61782e6d6573736167652e627974657302000562696c6c730000000100116d61782e6d6573736167652e62797465730000'
      ],
      [
        4,
        4,
        '0302076f726465727302126d61782e6d6573736167652e627974657300020662696c6c7302126d61782e6d6573736167652e627974657300000000'
      ]
    ]
  },
  {
    name: 'InitProducerId',
    ask: channel => askProducerId(channel),
    versions: [
      [0, 1, 'ffffffffffff'],
      [2, 2, '00ffffffff00'],
      [3, 4, '00ffffffffffffffffffffffffffff00']
    ]
  }
]

/** The body that `ask` sends in each version that it offers to the broker. */
async function bodiesOf(ask: Recorded['ask']): Promise<Map<number, string>> {
  const bodies = new Map<number, string>()
  let next: number | undefined
  let newest = 0
  const channel = {
    version(_key: number, min: number, max: number) {
      next ??= min
      newest = max
      return Promise.resolve(next)
    },
    request(_key: number, version: number, _flexible: boolean, body: Buffer) {
      bodies.set(version, body.toString('hex'))
      return Promise.reject(new Error('There is no broker.'))
    },
    mutedMs: 0
  } as unknown as BrokerChannel
  do {
    await assert.rejects(ask(channel), /There is no broker/)
    next = (next ?? 0) + 1
  } while (next <= newest)
  return bodies
}

suite('Requests to Kafka are the recorded bytes in every version that the gateway offers', () => {
  for (const { name, ask, versions } of REQUESTS) {
    test(name, async () => {
      const expected = new Map<number, string>()
      for (const [first, last, body] of versions)
        for (let version = first; version <= last; version++) expected.set(version, body)
      assert.deepEqual(await bodiesOf(ask), expected)
    })
  }
})
