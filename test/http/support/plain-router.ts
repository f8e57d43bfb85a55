import { GatewayError } from '../../../src/core/errors.ts'

export interface PlainRoute {
  readonly method: string
  readonly path: string
}

/**
 * The obvious router, which looks at one path after the other: what `src/http/router.ts` must find, written without it. Where two
 * paths match the same target, the first is taken.
 */
export class PlainRouter {
  /** By path, then by method. */
  readonly #paths = new Map<string, Map<string, PlainRoute>>()

  constructor(routes: readonly PlainRoute[]) {
    for (const route of routes) {
      const methods = this.#paths.get(route.path) ?? new Map<string, PlainRoute>()
      this.#paths.set(route.path, methods)
      methods.set(route.method, route)
      if (route.method === 'GET') methods.set('HEAD', route)
    }
  }

  find(method: string, target: string): { route: PlainRoute; params: Record<string, string>; query: string } {
    const [path, ...query] = target.split('?')
    const segments = path.split('/')
    const match = [...this.#paths].find(([pattern]) => matches(pattern.split('/'), segments))
    if (match === undefined) throw new GatewayError('ROUTE_NOT_FOUND', 'There is nothing at this path.')
    const [pattern, methods] = match
    const route = methods.get(method)
    if (route === undefined) {
      const allow = [...methods.keys()].join(', ')
      throw new GatewayError('METHOD_NOT_ALLOWED', `This path is not there for ${method}; it takes ${allow}.`, {
        headers: { Allow: allow }
      })
    }
    const named = pattern.split('/').map((name, at): [string, string] => [name, segments[at]])
    const params = named.filter(([name]) => isParameter(name)).map(([name, text]) => [name.slice(1, -1), decode(text)])
    return { route, params: Object.fromEntries(params), query: new URLSearchParams(query.join('?')).toString() }
  }
}

const isParameter = (segment: string): boolean => segment.startsWith('{')

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((each, at) => (isParameter(each) ? segments[at] !== '' : each === segments[at]))
  )
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new GatewayError('BAD_REQUEST', 'The path holds a malformed percent escape.')
  }
}
