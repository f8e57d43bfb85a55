import { GatewayProcess } from '../../test/support/gateway-process.ts'
import type { Bench } from '../support/bench.ts'
import { CompiledProgram } from '../support/compiled.ts'
import type { Row, Sample } from '../support/result.ts'
import { spreadOf } from '../support/statistics.ts'

const SOURCES = 'from sources, whose types Node strips on the way'
const COMPILED = 'compiled, as published'
const STARTS = 3
const LIMIT_MS = 1000

/** P6: from the start of the process until it answers that it is ready, with its cluster given. */
export function start(): Row {
  let compiled: CompiledProgram | undefined
  return {
    id: 'P6',
    title: `from start to ready, the median of ${STARTS} starts`,
    unit: 'ms',
    aims: [SOURCES, COMPILED].map(contestant => ({
      text: `${contestant}: ready within ${LIMIT_MS} ms`,
      contestant,
      of: 'size',
      factor: LIMIT_MS
    })),
    async prepare() {
      compiled = await CompiledProgram.make()
    },
    async round(bench) {
      const program = compiled?.file
      const startsMs = new Map<string, number[]>([SOURCES, COMPILED].map(name => [name, []]))
      for (let number = 0; number < STARTS; number++) {
        startsMs.get(SOURCES)?.push(await readyAfterMs(bench))
        startsMs.get(COMPILED)?.push(await readyAfterMs(bench, program))
      }
      return Array.from(startsMs, ([contestant, times]): Sample => ({ contestant, rate: spreadOf(times).median }))
    },
    close() {
      compiled?.remove()
    }
  }
}

async function readyAfterMs({ bootstrap }: Bench, program?: string): Promise<number> {
  const gateway = await GatewayProcess.start({ bootstrapServers: bootstrap.split(','), program })
  await gateway.stop()
  return gateway.readyAfterMs
}
