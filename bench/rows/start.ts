import type { GatewayProcess } from '../../test/support/gateway-process.ts'
import type { Row } from '../support/row.ts'
import { spreadOf } from '../support/statistics.ts'

const COMPILED = 'compiled, as published'
const SOURCES = 'from sources, whose types Node strips on the way'
const STARTS = 3
const LIMIT_MS = 1000

/** P6: from the start of the process until it answers that it is ready, with its cluster given. */
export function start(): Row {
  const text = `${COMPILED}: ready within ${LIMIT_MS} ms`
  return {
    id: 'P6',
    title: `from start to ready, the median of ${STARTS} starts`,
    unit: 'ms',
    lessIsBetter: true,
    aims: [{ text, contestant: COMPILED, of: 'size', factor: LIMIT_MS }],
    async *round(bench) {
      const startsMs = new Map<string, number[]>([COMPILED, SOURCES].map(name => [name, []]))
      for (let number = 0; number < STARTS; number++) {
        startsMs.get(COMPILED)?.push(await readyAfterMs(bench.startGateway()))
        startsMs.get(SOURCES)?.push(await readyAfterMs(bench.startFromSources()))
      }
      for (const [contestant, times] of startsMs) yield { contestant, rate: spreadOf(times).median }
    }
  }
}

async function readyAfterMs(starting: Promise<GatewayProcess>): Promise<number> {
  const gateway = await starting
  await gateway.stop()
  return gateway.readyAfterMs
}
