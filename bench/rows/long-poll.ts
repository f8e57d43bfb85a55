import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewayProcess } from '../../test/support/gateway-process.ts'
import type { Bench } from '../support/bench.ts'
import { nativeTail } from '../support/kafka-tools.ts'
import type { Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { writerOf } from './fan-out.ts'

const READERS = 50
const RATE_PER_SECOND = 1000
const PARTITIONS = 3
const ESTABLISHED = '01'

/** S1: pages that wait, beside a native consumer that reads the same records. */
export function longPoll(): Row {
  let topic = ''
  let writer: GatewayProcess | undefined
  const native = 'a native consumer beside them'
  const waiting = `${READERS} readers whose pages wait`
  const polls = 'connections to the broker on which they are waited for'
  const measure = async (bench: Bench, readers: number): Promise<Sample> => {
    if (writer === undefined) throw new Error('The row was not prepared.')
    const work = { kind: 'tail', topic, view: 'pages', writer: writerOf(writer) } as const
    const load = { connections: readers, ratePerSecond: RATE_PER_SECOND }
    const { result: _, ...sample } = await bench.measure(waiting, await bench.gateway('http'), work, load)
    return sample
  }
  return {
    id: 'S1',
    title: `one topic, ${RATE_PER_SECOND} records of 100 bytes a second by the clock, from when each was due to its readers`,
    unit: 'records/s, or connections',
    aims: [
      {
        text: `${waiting}: p99 ≤ that of ${native} + 10 ms`,
        contestant: waiting,
        against: native,
        of: 'p99Ms',
        factor: 1,
        plusMs: 10
      },
      { text: `${polls}: ≤ 2`, contestant: polls, of: 'size', factor: 2 }
    ],
    async prepare(bench) {
      topic = await bench.createTopic('waiting', PARTITIONS)
      writer = await bench.startGateway({ plain: true })
      await measure(bench, READERS)
    },
    async *round(bench) {
      let sample: Sample | undefined
      const both = async () => void (sample = await measure(bench, READERS))
      if (bench.gatewayOnly) await both()
      else {
        const times = await nativeTail(bench.libs, bench.bootstrap, { topic, partitions: PARTITIONS }, both)
        yield { contestant: native, rate: RATE_PER_SECOND, ...times }
      }
      if (sample !== undefined) yield sample
      const fresh = await bench.startGateway({ plain: true })
      try {
        yield { contestant: polls, rate: await pollConnections(bench, fresh, topic) }
      } finally {
        await fresh.stop()
      }
    },
    async close() {
      await writer?.stop()
    }
  }
}

/** How many connections to the broker are added when many readers begin to wait; each carries one poll at a time. */
async function pollConnections(bench: Bench, gateway: GatewayProcess, topic: string): Promise<number> {
  const port = Number(bench.bootstrap.split(':').at(-1))
  const headers = { authorization: `Bearer ${gateway.token}` }
  const read = (wait: number) =>
    fetch(`${gateway.url}/v1/consumer/topics/${topic}/records?from=latest&wait=${wait}`, { headers }).then(answer =>
      answer.arrayBuffer()
    )
  await read(0)
  const before = connectionsTo(port, gateway.pid)
  const waits = Array.from({ length: READERS }, () => read(3000))
  await sleep(2000)
  const during = connectionsTo(port, gateway.pid)
  await Promise.all(waits)
  return during - before
}

function connectionsTo(port: number, pid: number): number {
  const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map(each => linkOf(`/proc/${pid}/fd/${each}`)))
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = ['tcp', 'tcp6'].flatMap(file => readFileSync(`/proc/${pid}/net/${file}`, 'utf8').split('\n').slice(1))
  return lines.filter(line => {
    const [, , remote = '', state, , , , , , inode] = line.trim().split(/\s+/)
    return remote.endsWith(hex) && state === ESTABLISHED && sockets.has(`socket:[${inode}]`)
  }).length
}

/** Empty for a descriptor that was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
