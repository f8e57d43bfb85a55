import { jsonReply } from '../../http/answer.ts'
import { type ManagementRoute, operator } from './route.ts'

/** Health needs no token: orchestrators have none. */
const probe = { ...operator, method: 'GET', permission: 'public', kind: 'probe' } as const

export const live: ManagementRoute = {
  ...probe,
  path: '/health/live',
  handle: () => jsonReply(200, { status: 'ok' })
}

export const startup: ManagementRoute = {
  ...probe,
  path: '/health/startup',
  handle: async (_call, { started }) =>
    (await started()) ? jsonReply(200, { status: 'ok' }) : jsonReply(503, { status: 'starting' })
}

export const ready: ManagementRoute = {
  ...probe,
  path: '/health/ready',
  async handle(_call, { ready: partsOf }) {
    const notReady = Object.entries(await partsOf()).filter(([, well]) => well !== true)
    if (notReady.length === 0) return jsonReply(200, { status: 'ok', not_ready: [] })
    const reasons = Object.fromEntries(notReady.filter(([, reason]) => reason !== false))
    return jsonReply(503, { status: 'unavailable', not_ready: notReady.map(([part]) => part), reasons })
  }
}
