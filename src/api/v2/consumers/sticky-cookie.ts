import { randomBytes } from 'node:crypto'
import { isWhole } from '../../../http/answer.ts'
import type { Header } from '../../../http/openapi/operation.ts'
import type { V2Route } from '../route.ts'

const NAME = 'kafka-rest-gateway'
/** Of this process. After a restart the instances are elsewhere. */
const ID = randomBytes(9).toString('base64url')

const setCookie: Header = {
  description:
    'Names the process that answers, for balancers that learn from it where an instance is; only where the operator has turned it on. Clients may ignore it.',
  schema: { type: 'string' },
  always: false
}

/** Returns routes whose answers name this process in a cookie, unless the cookie of the request does so already. */
export function withStickyCookie(routes: readonly V2Route[]): readonly V2Route[] {
  const named = `${NAME}=${ID}`
  return routes.map((route): V2Route => ({
    ...route,
    async handle(call, useCases, type) {
      const answer = await route.handle(call, useCases, type)
      if (!isWhole(answer)) return answer
      const isNamed = call.headers.cookie?.split(';').some(pair => pair.trim() === named) === true
      return isNamed
        ? answer
        : { ...answer, headers: { ...answer.headers, 'Set-Cookie': `${named}; ${scopeOf(call.base)}` } }
    }
  }))
}

/** Where the cookie goes, as the client sees it. */
function scopeOf(base: string): string {
  const pathAt = base.indexOf('/', 'https://'.length)
  const path = `${pathAt < 0 ? '' : base.slice(pathAt)}/consumers`
  return `Path=${path}; HttpOnly; SameSite=Strict${base.startsWith('https:') ? '; Secure' : ''}`
}

/** Returns a route whose description has the cookie. */
export function describingCookie(route: V2Route): V2Route {
  const { operation } = route
  if (operation === undefined) return route
  const answers = Object.fromEntries(
    Object.entries(operation.answers).map(([status, answer]) => [
      status,
      Object.assign({}, answer, { headers: { ...answer.headers, 'Set-Cookie': setCookie } })
    ])
  )
  return { ...route, operation: { ...operation, answers } }
}
