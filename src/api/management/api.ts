import type { GatewayError } from '../../core/errors.ts'
import type { Reply } from '../../http/answer.ts'
import type { Api } from '../../http/api.ts'
import { errorReply } from '../../http/error-reply.ts'
import { boundTo } from '../../http/route.ts'
import { drain, logLevel } from './controls.ts'
import { live, ready, startup } from './health.ts'
import { metrics } from './metrics.ts'
import type { ManagementUseCases } from './route.ts'

const routes = [metrics, live, startup, ready, logLevel, drain]
const PATHS = routes.map(({ path }) => path).join(', ')

/** The API for operators, on a listener of its own: metrics, health in detail, the log level and draining. */
export function managementApi(useCases: ManagementUseCases): Api {
  return { version: '', prefixes: ['/'], kind: 'probe', routes: boundTo(useCases, routes), error: managementError }
}

/** Returns `{"message":"…"}`. At an unknown path it lists the known ones, because a person is likely to read it. */
function managementError(error: GatewayError): Reply {
  const message =
    error.code === 'ROUTE_NOT_FOUND' ? `There is nothing at this path; there are ${PATHS}.` : error.message
  return errorReply(error, { message })
}
