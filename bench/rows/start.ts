import { GatewayProcess } from '../../test/support/gateway-process.ts'
import type { Row } from '../support/result.ts'

const NAME = 'a gateway with its cluster given'
const LIMIT_MS = 1000

/** P6: from the start of the process until it answers that it is ready; from sources, whose types Node strips on the way. */
export function start(): Row {
  return {
    id: 'P6',
    title: 'from start to ready',
    unit: 'ms',
    aims: [{ text: `${NAME} is ready within ${LIMIT_MS} ms`, contestant: NAME, of: 'size', factor: LIMIT_MS }],
    async round(bench) {
      const gateway = await GatewayProcess.start({ bootstrapServers: bench.bootstrap.split(',') })
      await gateway.stop()
      return [{ contestant: NAME, rate: gateway.readyAfterMs }]
    }
  }
}
