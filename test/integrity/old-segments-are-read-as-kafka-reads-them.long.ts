import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../src/dev/kafka/local-cluster.ts'
import { codecs } from '../../src/kafka/records/compression.ts'
import { inPieces, type PiecedCodec, skippable } from '../kafka/records/pieces.ts'
import { batchOf, javaBatch, plainBatch, reseal } from '../kafka/records/stored.ts'
import { TestGateway } from '../support/gateway.ts'
import { Interop, interopLine } from '../support/java.ts'

/** Of all that is planted. */
const BASE_OFFSET = 40
const BATCH_HEADER_BYTES = 61
const NO_KEY = -1
const LONG_AGO = { value: Buffer.from('v'), timestampMs: -62_135_596_800_000 }
/** Some records are years old: by default Kafka would soon drop them. */
const FOR_EVER = JSON.stringify({ topic_properties: { 'retention.ms': -1 } })

/** The border lies within a record. Where frames may be empty, one is. */
const pieces = (bytes: Buffer, codec: PiecedCodec) => [
  bytes.subarray(0, 17),
  ...(codec === 'gzip' || codec === 'zstd' ? [Buffer.alloc(0)] : []),
  bytes.subarray(17)
]

/** A batch of format 2 whose records were compressed as they came. */
function piecedBatch(codec: PiecedCodec, first: Buffer = Buffer.alloc(0)): Buffer {
  const plain = plainBatch(BASE_OFFSET, 4)
  const records = [
    plain.subarray(0, BATCH_HEADER_BYTES),
    first,
    inPieces[codec](pieces(plain.subarray(BATCH_HEADER_BYTES), codec))
  ]
  const batch = Buffer.concat(records)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt16BE(codecs.indexOf(codec), 21)
  return reseal(batch)
}

/** A message of an old format that wraps four others: in format 1 their offsets count from the first, in 0 they are absolute. */
function piecedMessage(format: 0 | 1, codec: PiecedCodec): Buffer {
  const messages = Buffer.from(javaBatch(`v${format}-none`))
  if (format === 1)
    for (let at = 0, number = 0; at < messages.length; at += 12 + messages.readInt32BE(at + 8))
      messages.writeBigInt64BE(BigInt(number++), at)
  const value = inPieces[codec](pieces(messages, codec))
  const timestamp = format === 0 ? [] : [...javaBatch('v1-none').subarray(18, 26)]
  const lengths = Buffer.alloc(8)
  lengths.writeInt32BE(NO_KEY, 0)
  lengths.writeInt32BE(value.length, 4)
  const checked = Buffer.concat([Buffer.from([format, codecs.indexOf(codec), ...timestamp]), lengths, value])
  const head = Buffer.alloc(16)
  head.writeBigInt64BE(BigInt(BASE_OFFSET + 3), 0)
  head.writeInt32BE(checked.length + 4, 8)
  head.writeUInt32BE(crc32(checked), 12)
  return Buffer.concat([head, checked])
}

const old = ['gzip', 'snappy', 'lz4'] as const
/** Segments by topic. Those of one piece were written by Java; see test/kafka/records/JavaBatches.java. */
const segments: ReadonlyMap<string, Buffer> = new Map([
  ...['none', ...old].flatMap(codec =>
    ['v0', 'v1', 'v1-append', 'v2'].map(format => [`${format}-${codec}`, javaBatch(`${format}-${codec}`)] as const)
  ),
  ['v2-zstd', javaBatch('v2-zstd')],
  ...old.flatMap(codec =>
    ([0, 1] as const).map(format => [`v${format}-${codec}-pieces`, piecedMessage(format, codec)] as const)
  ),
  ...[...old, 'zstd' as const].map(codec => [`v2-${codec}-pieces`, piecedBatch(codec)] as const),
  // As programs in .NET send it where no time was set.
  ['v2-long-ago', batchOf({ baseOffset: BASE_OFFSET, records: Array.from({ length: 4 }, () => LONG_AGO) })],
  ['v2-zstd-skippable', piecedBatch('zstd', skippable('nothing to read'))]
])

suite('Old segments are read as Kafka reads them', { timeout: 240_000 }, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-segments-'))
  const records = join(dataDir, 'node-1', 'records')
  let cluster: LocalCluster
  let gateway: TestGateway
  let java: Interop

  before(async () => {
    cluster = await LocalCluster.start({ libs: await kafkaJars('.local', () => undefined), dataDir, brokers: 1 })
    gateway = await TestGateway.start({ bootstrapServers: cluster.bootstrapServers })
    for (const topic of segments.keys())
      assert.equal((await gateway.request('PUT', `/v1/topics/${topic}`, { body: FOR_EVER })).status, 200)
    const [broker] = cluster.brokers
    await broker.stop()
    for (const [topic, segment] of segments) plant(join(records, `${topic}-0`), segment)
    // As after a crash, the broker then looks into the segments themselves.
    rmSync(join(records, '.kafka_cleanshutdown'))
    await broker.start()
    await gateway.untilReady()
    java = await Interop.start(cluster.bootstrapServers[0])
  })
  after(async () => {
    await java.close()
    await gateway.close()
    await cluster.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  for (const topic of segments.keys())
    test(`${topic}: the same records, with the same offsets, times and headers, as Java's consumer`, async () => {
      const lines = await java.ask('consume', topic)
      // Format 0 has no timestamps: both give −1, for whose type v1 has no word of its own.
      const expected = lines.map(line => line.replace('-1 NO_TIMESTAMP_TYPE', '-1 CREATE_TIME'))
      assert.equal(expected.length, 4)
      const { status, json, headers, text } = await gateway.read(topic, 0, 'earliest')
      assert.equal(status, 200, text)
      assert.deepEqual(json.records.map(interopLine), expected)
      assert.equal(headers.nextoffset, String(BASE_OFFSET + 4))
      const later = await gateway.read(topic, 0, BASE_OFFSET + 2)
      assert.deepEqual(later.json.records.map(interopLine), expected.slice(2), 'from the middle')
    })
})

/** Puts a segment in the place of the one that a partition has. */
function plant(folder: string, segment: Buffer): void {
  for (const file of readdirSync(folder)) if (/\.(index|timeindex|snapshot)$/.test(file)) rmSync(join(folder, file))
  writeFileSync(join(folder, `${'0'.repeat(20)}.log`), segment)
}
