import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { head } from '../../test/integrity/support/sockets.ts'
import type { GatewayProcess } from '../../test/support/gateway-process.ts'
import type { Bench, Scheme } from '../support/bench.ts'
import type { Aim } from '../support/result.ts'
import type { Row } from '../support/row.ts'

const STREAMS = 5000
const MOST_KB = 40
const MOST_CORE_PERCENT = 5
/** As often as they are sent a comment. */
const IDLE_MS = 15_000
const SETTLE_MS = 3000
const AT_A_TIME = 50
const limits = { streams: 2 * STREAMS, connections: 3 * STREAMS }

/** S5: what event streams take on which nothing comes. */
export function idleStreams(): Row {
  const memory = (scheme: Scheme) => `${scheme.toUpperCase()}: an idle stream of ${STREAMS}, in KB`
  const time = (scheme: Scheme) => `${scheme.toUpperCase()}: ${STREAMS} idle streams, in % of a core`
  const schemes = ['http', 'https'] as const
  return {
    id: 'S5',
    title: `${STREAMS} event streams on which nothing comes`,
    unit: 'value',
    lessIsBetter: true,
    aims: [
      { text: `${memory('http')}: ≤ ${MOST_KB}`, contestant: memory('http'), of: 'size', factor: MOST_KB },
      ...schemes.map((scheme): Aim => ({
        text: `${time(scheme)}: ≤ ${MOST_CORE_PERCENT}`,
        contestant: time(scheme),
        of: 'size',
        factor: MOST_CORE_PERCENT
      }))
    ],
    async *round(bench) {
      for (const scheme of schemes) {
        const taken = await measure(bench, scheme)
        yield { contestant: memory(scheme), rate: taken.kilobytes }
        yield { contestant: time(scheme), rate: taken.corePercent }
      }
    }
  }
}

/** Memory counts from the first fifth on: what was free since the start is used up by then. */
async function measure(bench: Bench, scheme: Scheme): Promise<{ kilobytes: number; corePercent: number }> {
  const gateway = await bench.startGateway({ plain: scheme === 'http', settings: { limits } })
  const topic = await bench.createTopic('idle', 3)
  const streams: Socket[] = []
  try {
    await openStreams(gateway, topic, streams, STREAMS / 5)
    await sleep(SETTLE_MS)
    const before = gateway.memoryMb().now
    await openStreams(gateway, topic, streams, STREAMS)
    await sleep(SETTLE_MS)
    const cpuUs = gateway.cpuUs()
    const startMs = performance.now()
    await sleep(IDLE_MS)
    const corePercent = (100 * (gateway.cpuUs() - cpuUs)) / ((performance.now() - startMs) * 1000)
    const after = gateway.memoryMb().now
    return { kilobytes: ((after - before) * 1024) / (STREAMS * 0.8), corePercent }
  } finally {
    for (const stream of streams) stream.destroy()
    await gateway.stop()
  }
}

/** Opens streams until there are so many, and waits for the first words of each. */
async function openStreams(gateway: GatewayProcess, topic: string, streams: Socket[], count: number): Promise<void> {
  const open = async () => {
    while (streams.length < count) {
      const { ca, port } = gateway
      const where = { host: '127.0.0.1', port }
      const isPlain = gateway.url.startsWith('http:')
      const socket = isPlain ? connectTcp(where) : connectTls({ ...where, ca, servername: 'localhost' })
      streams.push(socket)
      socket.write(head(gateway.token, 'GET', `/v1/consumer/topics/${topic}/records`, 'accept: text/event-stream'))
      await begun(socket)
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, open))
}

function begun(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.on('data', piece => {
      if (text.includes('\nid: ')) return
      text += String(piece)
      if (text.includes('\nid: ')) resolve()
      else if (text.length > 4096) reject(new Error(`No stream began: ${text.slice(0, 300)}`))
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`The stream ended: ${text.slice(0, 300)}`)))
  })
}
