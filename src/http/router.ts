import { GatewayError } from '../core/errors.ts'
import type { Params, Query } from './call.ts'
import type { Route } from './route.ts'

interface PathNode {
  readonly segments: readonly string[]
  /** By segment; empty where that is a fixed text. */
  readonly names: readonly string[]
  readonly methods: Map<string, Route>
}

export interface Match {
  readonly route: Route
  readonly params: Params
  readonly query: Query
}

export const NO_QUERY: Query = new URLSearchParams()
/** A longer one is not remembered. */
const REMEMBERED_CHARACTERS = 256

/** The table of routes. HEAD is answered by GET. */
export class Router {
  /** By their number of segments. */
  readonly #paths: PathNode[][] = []
  /** The last query: readers ask for the same count again and again, and to parse it takes longer than all the rest. */
  #queryText = ''
  #query: Query = NO_QUERY

  constructor(routes: readonly Route[]) {
    const known = new Map<string, PathNode>()
    for (const route of routes) {
      let node = known.get(route.path)
      if (node === undefined) {
        const segments = route.path.split('/')
        known.set(route.path, (node = { segments, names: segments.map(nameOf), methods: new Map() }))
        ;(this.#paths[segments.length] ??= []).push(node)
      }
      node.methods.set(route.method, route)
      if (route.method === 'GET') node.methods.set('HEAD', route)
    }
  }

  /** Throws ROUTE_NOT_FOUND, METHOD_NOT_ALLOWED (with `Allow`), and BAD_REQUEST for a malformed percent escape. */
  find(method: string, target: string): Match {
    const mark = target.indexOf('?')
    const segments = (mark < 0 ? target : target.slice(0, mark)).split('/')
    const node = this.#paths[segments.length]?.find(each => matches(each.segments, segments))
    if (node === undefined) throw new GatewayError('ROUTE_NOT_FOUND', 'There is nothing at this path.')
    const route = node.methods.get(method)
    if (route === undefined) {
      const allow = [...node.methods.keys()].join(', ')
      throw new GatewayError('METHOD_NOT_ALLOWED', `This path is not there for ${method}; it takes ${allow}.`, {
        headers: { Allow: allow }
      })
    }
    return {
      route,
      params: decode(node.names, segments),
      query: mark < 0 ? NO_QUERY : this.#parse(target.slice(mark + 1))
    }
  }

  #parse(text: string): Query {
    if (text === this.#queryText) return this.#query
    const query = new URLSearchParams(text)
    if (text.length > REMEMBERED_CHARACTERS) return query
    this.#queryText = text
    return (this.#query = query)
  }
}

function nameOf(segment: string): string {
  return segment.startsWith('{') ? segment.slice(1, -1) : ''
}

/** Both have the same length. */
function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at].charCodeAt(0) === 0x7b ? segments[at] === '' : pattern[at] !== segments[at]) return false
  }
  return true
}

function decode(names: readonly string[], segments: readonly string[]): Params {
  const params: Record<string, string> = {}
  for (let at = 0; at < names.length; at++) {
    const name = names[at]
    if (name === '') continue
    const segment = segments[at]
    params[name] = segment.includes('%') ? decodeSegment(segment) : segment
  }
  return params
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new GatewayError('BAD_REQUEST', 'The path holds a malformed percent escape.')
  }
}
