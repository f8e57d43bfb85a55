import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { head, openSockets } from '../../test/integrity/support/sockets.ts'
import { createTopic, fillWithLarge } from '../../test/integrity/support/topics.ts'
import type { GatewayProcess } from '../../test/support/gateway-process.ts'
import { memoryMbOf } from '../../test/support/process-memory.ts'
import type { Bench } from '../support/bench.ts'
import { FloorServer } from '../support/floor-server.ts'
import type { Aim } from '../support/result.ts'
import type { Row } from '../support/row.ts'

const DESCRIPTORS_FOR_THE_REST = 1000
/** As many connections as both processes at their ends may have descriptors for. */
const IDLE = Math.min(10_000, openFilesLimit() - DESCRIPTORS_FOR_THE_REST)
const READERS = 1000
const RECORDS_PER_PAGE = 7
const BUDGET_MB = 64
const PEAK_MB = 300
const SETTLE_MS = 3000
const limits = { connections: 20_000, inFlightBytes: BUDGET_MB * 1024 * 1024, writeTimeoutMs: 60_000 }

/**
 * P5: what each gateway took at most in the rows before, what an idle HTTPS connection takes beside a bare server's, and what
 * readers take that ask for pages of 6 MB and never read them.
 */
export function memory(): Row {
  const own = `an idle connection of ${IDLE}, in KB`
  const bare = `an idle connection of ${IDLE} to node:https, in KB`
  const connected = `${READERS} readers that stand still, their connections among it, in MB`
  const added = `${READERS} readers that stand still, beyond their idle connections, in MB`
  const peaks = (['http', 'https'] as const).map(
    scheme => [scheme, `the ${scheme.toUpperCase()} gateway at its highest in the rows before, in MB`] as const
  )
  return {
    id: 'P5',
    title: 'resident memory',
    unit: 'value',
    lessIsBetter: true,
    aims: [
      ...peaks.map(([, name]): Aim => ({
        text: `${name}: ≤ ${PEAK_MB}`,
        contestant: name,
        of: 'size',
        factor: PEAK_MB
      })),
      { text: `${own}: ≤ 1.15 × that of node:https`, contestant: own, against: bare, of: 'size', factor: 1.15 },
      {
        text: `${added}: ≤ 2 × the budget of ${BUDGET_MB} (text, and its encrypted copy)`,
        contestant: added,
        of: 'size',
        factor: 2 * BUDGET_MB
      }
    ],
    async *round(bench) {
      for (const [scheme, contestant] of peaks)
        yield { contestant, rate: (await bench.gateway(scheme)).memoryMb().peak }
      yield { contestant: own, rate: await withFresh(bench, gateway => idleKb(gateway, gateway.pid)) }
      yield* bench.beside(async () => ({ contestant: bare, rate: await bareIdleKb(bench) }))
      const readers = await withFresh(bench, standingReadersMb)
      yield { contestant: connected, rate: readers.connected }
      yield { contestant: added, rate: readers.added }
    }
  }
}

/** A gateway that did nothing before: what another use has left behind would hide growth. */
async function withFresh<T>(bench: Bench, measure: (gateway: GatewayProcess) => Promise<T>): Promise<T> {
  const gateway = await bench.startGateway({ settings: { limits } })
  try {
    return await measure(gateway)
  } finally {
    await gateway.stop()
  }
}

function openFilesLimit(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
}

/** Counted from the first fifth on: what was free since the start is used up by then. */
async function idleKb(target: { url: string; ca: Buffer; token: string }, pid: number): Promise<number> {
  const first = await openSockets(target, IDLE / 5)
  await sleep(SETTLE_MS)
  const before = memoryMbOf(pid).now
  const others = await openSockets(target, IDLE - first.length)
  await sleep(SETTLE_MS)
  const after = memoryMbOf(pid).now
  for (const socket of [...first, ...others]) socket.destroy()
  return ((after - before) * 1024) / others.length
}

async function bareIdleKb(bench: Bench): Promise<number> {
  const gateway = await bench.gateway('https')
  const floor = await FloorServer.start(gateway)
  const { ca, token } = gateway
  const kilobytes = await idleKb({ url: `https://localhost:${floor.endpoint.port}`, ca, token }, floor.pid)
  floor.stop()
  return kilobytes
}

async function standingReadersMb(gateway: GatewayProcess) {
  const topic = await createTopic(gateway, 'standing')
  await fillWithLarge(gateway, topic, RECORDS_PER_PAGE)
  const before = memoryMbOf(gateway.pid).now
  const sockets = await openSockets(gateway, READERS)
  await sleep(SETTLE_MS)
  const open = memoryMbOf(gateway.pid).now
  for (const socket of sockets) {
    socket.pause()
    socket.write(
      head(gateway.token, 'GET', `/v1/consumer/topics/${topic}/partitions/0/offsets/0?count=${RECORDS_PER_PAGE}`)
    )
  }
  await sleep(SETTLE_MS)
  const after = memoryMbOf(gateway.pid).now
  for (const socket of sockets) socket.destroy()
  return { connected: after - before, added: after - open }
}
