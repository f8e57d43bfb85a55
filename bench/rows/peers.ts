import { setTimeout as sleep } from 'node:timers/promises'
import type { Work } from '../load/jobs.ts'
import type { Bench } from '../support/bench.ts'
import type { Aim, Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { bodyOf, RECORDS_PER_REQUEST } from './bulk-produce.ts'

const PARTITIONS = 8
const WAIT_MS = 120_000
const CONTENT_TYPE = 'application/vnd.kafka.json.v2+json'
const RECORD = `{"value":"${'x'.repeat(100)}"}`

/** Another server before the same Kafka, which speaks version 2 of Confluent's API. */
export interface Peer {
  readonly name: string
  readonly url: URL
}

/** What a peer does beside the gateway's contestant of a row. */
interface Part {
  readonly beside: string
  readonly connections: number
  readonly produce?: { readonly body: string; readonly records: number }
}

const PARTS: Readonly<Record<string, Part>> = {
  P1: {
    beside: 'HTTP, 16 connections',
    connections: 16,
    produce: { body: bodyOf(() => RECORD), records: RECORDS_PER_REQUEST }
  },
  P2: {
    beside: 'HTTP, 50 connections',
    connections: 50,
    produce: { body: `{"records":[${RECORD}]}`, records: 1 }
  },
  P3: { beside: 'HTTP, base64', connections: PARTITIONS }
}

/** From `NAME=URL`. Throws RangeError. */
export function peerOf(text: string): Peer {
  const [, name, address = ''] = /^([^=]+)=(.+)$/.exec(text) ?? []
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== 'http:') throw new RangeError(`--peer ${text}: what is needed is NAME=http://host:port.`)
  return { name, url }
}

/** The row with the peers among its contestants; as it is where they have no part in it. */
export function withPeers(row: Row, peers: readonly Peer[]): Row {
  const part = PARTS[row.id] as Part | undefined
  if (part === undefined || peers.length === 0) return row
  const topics = new Map<Peer, string>()
  const sampleOf = async (bench: Bench, peer: Peer): Promise<Sample> => {
    const work = await workOf(bench, peer, part, topics.get(peer) ?? '')
    return await bench.measurePeer(nameOf(peer, part), peer.url, work, part.connections)
  }
  return {
    ...row,
    aims: [...row.aims, ...peers.map(peer => aimOf(peer, part))],
    async prepare(bench) {
      await row.prepare?.(bench)
      for (const peer of peers) {
        const topic = await bench.createTopic('peer', PARTITIONS)
        topics.set(peer, topic)
        await untilKnown(bench, peer, topic)
        if (part.produce === undefined) await fill(bench, topic)
        await sampleOf(bench, peer)
      }
    },
    async *round(bench) {
      yield* row.round(bench)
      for (const peer of peers) yield await sampleOf(bench, peer)
    }
  }
}

const nameOf = ({ name }: Peer, { connections }: Part) => `${name}, ${connections} connections`

function aimOf(peer: Peer, part: Part): Aim {
  const against = nameOf(peer, part)
  return { text: `${part.beside} ≥ 1 × ${against}`, contestant: part.beside, against, of: 'rate', factor: 1 }
}

async function workOf(bench: Bench, { url }: Peer, { produce }: Part, topic: string): Promise<Work> {
  const prefix = url.pathname.replace(/\/$/, '')
  if (produce !== undefined)
    return { kind: 'produce', path: `${prefix}/topics/${topic}`, contentType: CONTENT_TYPE, ...produce }
  return { kind: 'v2-consume', topic, prefix, ends: await bench.endsOf(topic) }
}

/** By the gateway, so that what is read is not a matter of how well the peer writes. */
async function fill(bench: Bench, topic: string): Promise<void> {
  const work = { kind: 'produce', path: `/v1/producer/topics/${topic}`, body: bodyOf(() => RECORD) } as const
  const gateway = await bench.gateway('http')
  await bench.measure('fill', gateway, { ...work, records: RECORDS_PER_REQUEST }, { connections: 8 })
}

/** A peer may be started when Kafka's address is known, and may learn of a topic late. */
async function untilKnown(bench: Bench, { name, url }: Peer, topic: string): Promise<void> {
  const address = `${url.href.replace(/\/$/, '')}/topics/${topic}`
  console.log(`  waiting for ${name} to know a topic of Kafka at ${bench.bootstrap}: ${address}`)
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(500)) {
    const answer = await fetch(address).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.status === 200) return
  }
  throw new Error(`${name} did not answer ${address} with 200 within ${WAIT_MS / 1000} s.`)
}
