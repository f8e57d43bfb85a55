import findMyWay from 'find-my-way'
import { GatewayError } from '../core/errors.ts'
import type { Params, Query } from './call.ts'
import type { Route } from './route.ts'

export interface Match {
  readonly route: Route
  readonly params: Params
  readonly query: Query
}

export interface RouterOptions {
  /** Whether a path may end with one slash more than its route's. False unless given. */
  readonly trailingSlash?: boolean
}

/** A route at one method: HEAD is a second one of each GET. */
interface Entry {
  readonly route: Route
  readonly method: string
  /** Of the parameters in its path. */
  readonly names: readonly string[]
  /** By the order of the routes. */
  readonly order: number
}

/** What the library returns. */
interface Found {
  readonly store: Entry
  readonly params: Params
  readonly searchParams: Query
}

/** What is used of the library, with the types of what is put into it. */
interface Table {
  on(method: string, path: string, handler: () => void, store: Entry): void
  find(method: string, target: string): Found | null
  compile(): void
}

export const NO_PARAMS: Params = {}
export const NO_QUERY: Query = new URLSearchParams()
/** A longer one is not remembered. */
const REMEMBERED_CHARACTERS = 256
const PARAMETER = /\{(\w+)\}/g

/** Finds the route of a request. HEAD is answered by GET. Fixed text goes before a parameter at the same place of the path. */
export class Router {
  readonly #table: Table
  readonly #methods = new Set<string>()
  /** The last query: readers ask for the same count again and again, and to parse it takes longer than all the rest. */
  #queryText = ''
  #query: Query = NO_QUERY

  /** Throws if two routes have the same method and path. */
  constructor(routes: readonly Route[], { trailingSlash = false }: RouterOptions = {}) {
    const table: unknown = findMyWay({ maxParamLength: Infinity, querystringParser: text => this.#parse(text) })
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its own types leave open what a store and a parsed query are.
    this.#table = table as Table
    for (const [at, route] of routes.entries()) {
      const names = Array.from(route.path.matchAll(PARAMETER), ([, name]) => name)
      // A single colon would begin a parameter there.
      const path = route.path.replaceAll(':', '::').replace(PARAMETER, ':$1')
      for (const [more, method] of (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]).entries()) {
        const entry: Entry = { route, method, names, order: 2 * at + more }
        this.#methods.add(method)
        this.#table.on(method, path, doNothing, entry)
        if (trailingSlash && path !== '/') this.#table.on(method, `${path}/`, doNothing, entry)
      }
    }
    this.#table.compile()
  }

  /**
   * Finds the route of a target that begins with a slash: path and query. A parameter is one segment, not empty, of any length,
   * and is decoded; fixed text is compared as sent. Throws ROUTE_NOT_FOUND, METHOD_NOT_ALLOWED (with `Allow`), and BAD_REQUEST
   * for a malformed percent escape.
   */
  find(method: string, target: string): Match {
    if (target.includes('%') || target.includes('#')) return this.#findEscaped(method, target)
    const found = this.#look(method, target)
    if (found === null) throw this.#refusal(method, target)
    return { route: found.store.route, params: found.params, query: found.searchParams }
  }

  /** The table decodes fixed text too, and ends the path at a `#`: it is given both signs as text, and they are decoded here. */
  #findEscaped(method: string, target: string): Match {
    const mark = target.indexOf('?')
    const path = (mark < 0 ? target : target.slice(0, mark)).replaceAll('%', '%25').replaceAll('#', '%23')
    const found = this.#look(method, path)
    if (found === null) throw this.#refusal(method, path)
    const params = Object.fromEntries(found.store.names.map(name => [name, decode(found.params[name])]))
    return { route: found.store.route, params, query: mark < 0 ? NO_QUERY : this.#parse(target.slice(mark + 1)) }
  }

  /** The table takes empty segments for parameters; here nothing is found then. */
  #look(method: string, target: string): Found | null {
    const found = this.#table.find(method, target)
    if (found === null) return null
    for (const name of found.store.names) if (found.params[name] === '') return null
    return found
  }

  #refusal(method: string, target: string): GatewayError {
    const entries: Entry[] = []
    for (const other of this.#methods) {
      const found = this.#look(other, target)
      if (found !== null) entries.push(found.store)
    }
    if (entries.length === 0) return new GatewayError('ROUTE_NOT_FOUND', 'There is nothing at this path.')
    const inOrder = entries.sort((one, other) => one.order - other.order)
    const allow = inOrder.map(entry => entry.method).join(', ')
    return new GatewayError('METHOD_NOT_ALLOWED', `This path is not there for ${method}; it takes ${allow}.`, {
      headers: { Allow: allow }
    })
  }

  #parse(text: string): Query {
    if (text === this.#queryText) return this.#query
    const query = new URLSearchParams(text)
    if (text.length > REMEMBERED_CHARACTERS) return query
    this.#queryText = text
    return (this.#query = query)
  }
}

/** The table wants a function for each route; it is never called. */
function doNothing(): void {}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new GatewayError('BAD_REQUEST', 'The path holds a malformed percent escape.')
  }
}
