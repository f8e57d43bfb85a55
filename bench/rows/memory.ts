import { setTimeout as sleep } from 'node:timers/promises'
import { head, openSockets } from '../../test/integrity/support/sockets.ts'
import { createTopic, fillWithLarge } from '../../test/integrity/support/topics.ts'
import { GatewayProcess } from '../../test/support/gateway-process.ts'
import { memoryMbOf } from '../../test/support/process-memory.ts'
import type { Bench } from '../support/bench.ts'
import { FloorServer } from '../support/floor-server.ts'
import type { Row } from '../support/result.ts'

const IDLE = 8000
const READERS = 1000
const RECORDS_PER_PAGE = 7
const BUDGET_MB = 64
const PEAK_MB = 300
const SETTLE_MS = 3000
const limits = { connections: 20_000, inFlightBytes: BUDGET_MB * 1024 * 1024, writeTimeoutMs: 60_000 }

/**
 * P5: what the rows before it took at most, what an idle HTTPS connection takes beside a bare server's, and what readers take
 * that ask for pages of 6 MB and never read them. Both ends of a connection need a file descriptor: hence 8 000.
 */
export function memory(): Row {
  const own = 'an idle connection, in KB'
  const bare = 'an idle connection of node:https, in KB'
  const added = `${READERS} readers that stand still add, in MB`
  const peak = 'a gateway at its highest in the rows before, in MB'
  return {
    id: 'P5',
    title: 'resident memory',
    unit: 'value',
    aims: [
      { text: `${peak}: ≤ ${PEAK_MB}`, contestant: peak, of: 'size', factor: PEAK_MB },
      { text: `${own}: ≤ 1.15 × that of node:https`, contestant: own, against: bare, of: 'size', factor: 1.15 },
      {
        text: `${added}: ≤ 2 × the budget of ${BUDGET_MB} (text, and its encrypted copy)`,
        contestant: added,
        of: 'size',
        factor: 2 * BUDGET_MB
      }
    ],
    async round(bench) {
      const peakMb = bench.peakMemoryMb()
      const gateway = await GatewayProcess.start({ bootstrapServers: bench.bootstrap.split(','), settings: { limits } })
      try {
        return [
          { contestant: peak, rate: peakMb },
          { contestant: own, rate: await idleKb(gateway, gateway.pid) },
          { contestant: bare, rate: await bareIdleKb(bench) },
          { contestant: added, rate: await standingReadersMb(gateway) }
        ]
      } finally {
        await gateway.stop()
      }
    }
  }
}

async function idleKb(target: { url: string; ca: Buffer; token: string }, pid: number): Promise<number> {
  const before = memoryMbOf(pid).now
  const sockets = await openSockets(target, IDLE)
  await sleep(SETTLE_MS)
  const after = memoryMbOf(pid).now
  for (const socket of sockets) socket.destroy()
  await sleep(SETTLE_MS)
  return ((after - before) * 1024) / IDLE
}

async function bareIdleKb(bench: Bench): Promise<number> {
  const gateway = await bench.gateway('https')
  const floor = await FloorServer.start(gateway)
  const { ca, token } = gateway
  const kilobytes = await idleKb({ url: `https://localhost:${floor.endpoint.port}`, ca, token }, floor.pid)
  floor.stop()
  return kilobytes
}

async function standingReadersMb(gateway: GatewayProcess): Promise<number> {
  const topic = await createTopic(gateway, 'standing')
  await fillWithLarge(gateway, topic, RECORDS_PER_PAGE)
  const before = memoryMbOf(gateway.pid).now
  const sockets = await openSockets(gateway, READERS)
  for (const socket of sockets) {
    socket.pause()
    socket.write(
      head(gateway.token, 'GET', `/v1/consumer/topics/${topic}/partitions/0/offsets/0?count=${RECORDS_PER_PAGE}`)
    )
  }
  await sleep(SETTLE_MS)
  const after = memoryMbOf(gateway.pid).now
  for (const socket of sockets) socket.destroy()
  return after - before
}
