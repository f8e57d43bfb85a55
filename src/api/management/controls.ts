import { GatewayError } from '../../core/errors.ts'
import { member } from '../../core/lib/member.ts'
import { jsonReply } from '../../http/answer.ts'
import type { HttpCall } from '../../http/call.ts'
import { ANY_TYPE } from '../../http/route.ts'
import { LOG_LEVELS, type ManagementRoute, operator } from './route.ts'

/** `curl -d` declares a form: whatever the type says, the body is read as JSON. */
const control = { ...operator, method: 'PUT', body: { kind: 'whole', types: ANY_TYPE } } as const

export const logLevel: ManagementRoute = {
  ...control,
  path: '/log-level',
  async handle(call, { setLogLevel }) {
    const given = await memberOf(call, 'level')
    const level = LOG_LEVELS.find(each => each === given)
    if (level === undefined) throw invalid(`The body must be {"level":"…"} with one of ${LOG_LEVELS.join(', ')}.`)
    setLogLevel(level, call.address ?? '')
    return jsonReply(200, { level })
  }
}

export const drain: ManagementRoute = {
  ...control,
  path: '/drain',
  async handle(call, useCases) {
    const draining = await memberOf(call, 'draining')
    if (typeof draining !== 'boolean') throw invalid('The body must be {"draining":true} or {"draining":false}.')
    useCases.drain(draining, call.address ?? '')
    return jsonReply(200, { draining })
  }
}

const invalid = (message: string) => new GatewayError('INVALID_BODY', message)

/** Returns a member of the body; undefined if there is none, or no JSON. */
async function memberOf(call: HttpCall, name: string): Promise<unknown> {
  const { bytes, release } = await call.body()
  try {
    return member(JSON.parse(bytes.toString()), name)
  } catch {
    return undefined
  } finally {
    release()
  }
}
