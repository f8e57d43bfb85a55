import type { IncomingHttpHeaders } from 'node:http'
import type { GatewayError } from '../core/errors.ts'
import type { Reply } from './answer.ts'
import type { Method, RequestKind, Route, RouteDescription } from './route.ts'
import { Router } from './router.ts'

/** A request that failed, as far as it is known. */
export interface FailedRequest {
  /** Undefined if the request failed before its route was found. */
  readonly route: RouteDescription | undefined
  readonly headers: IncomingHttpHeaders
}

/** A set of routes and their form of errors. `server/` decides which ones a listener serves. */
export interface Api {
  /** Label in the metrics: `v1`. Empty for routes that belong to no version. */
  readonly version: string
  /**
   * Prefixes of its paths. The API with the longest matching prefix answers, even if it has no such route. A prefix without a
   * slash at its end is a path, with all paths below it.
   */
  readonly prefixes: readonly string[]
  /** Single paths that belong to it besides. */
  readonly paths?: readonly string[]
  /** How its requests are recorded, except those to public routes; `call` when left out. */
  readonly kind?: RequestKind
  /** The most used first. */
  readonly routes: readonly Route[]
  /** Whether its paths may end with a slash more. False when left out. */
  readonly trailingSlash?: boolean
  /** Returns the answer for an error; `request` is undefined if none could be read. */
  readonly error: (error: GatewayError, request?: FailedRequest) => Reply
}

/** An API with its router. */
export class MountedApi {
  readonly api: Api
  readonly router: Router
  readonly #publicKinds: ReadonlyMap<string, RequestKind>
  readonly #streams: boolean

  constructor(api: Api) {
    this.api = api
    this.router = new Router(api.routes, api)
    const open = api.routes.filter(({ permission }) => permission === 'public')
    this.#publicKinds = new Map(open.map(({ path, kind = 'page' }) => [path, kind]))
    this.#streams = api.routes.some(({ answer }) => answer === 'stream')
  }

  /** Returns the kind of a public path; undefined for paths that need a token, as most do. */
  publicKindOf(target: string): RequestKind | undefined {
    if (this.#publicKinds.size === 0) return undefined
    const [path] = target.split('?', 1)
    const slashed = this.api.trailingSlash === true && path.length > 1 && path.endsWith('/')
    return this.#publicKinds.get(slashed ? path.slice(0, -1) : path)
  }

  /** Returns the method of the route at a path that answers with a WebSocket; undefined if there is none. */
  upgradeMethod(target: string): Method | undefined {
    return UPGRADED.find(method => this.#routeAt(method, target)?.upgrades)
  }

  /** Returns whether the route of a request always answers with a stream. */
  willStream(method: string, target: string): boolean {
    return this.#streams && this.#routeAt(method, target)?.answer === 'stream'
  }

  #routeAt(method: string, target: string): Route | undefined {
    try {
      return this.router.find(method, target).route
    } catch {
      return undefined
    }
  }
}

/** The handshake of a WebSocket is a GET, whether its messages read or write. */
const UPGRADED: readonly Method[] = ['GET', 'POST']
const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE']
const SLASH = 0x2f
const QUESTION_MARK = 0x3f

/** Where an API begins to be the one that answers. */
interface Mount {
  readonly prefix: string
  /** Only the path itself is meant, not what is below it. */
  readonly exact: boolean
  readonly mounted: MountedApi
}

/** The APIs of a listener, found by the prefix of a path. */
export class Apis {
  /** Methods that at least one route has; HEAD if one has GET. */
  readonly methods: readonly string[]
  /** The API of every path that is nobody's, and of requests that cannot be read. */
  readonly last: MountedApi
  readonly #mounts: readonly Mount[]

  /** One of them must have the prefix `/`: it answers for paths that no other API has. */
  constructor(apis: readonly Api[]) {
    this.#mounts = apis.flatMap(mountsOf).toSorted((one, other) => rankOf(other) - rankOf(one))
    const last = this.#mounts.at(-1)
    if (last?.prefix !== '/' || last.exact) throw new Error('No API has the prefix /')
    this.last = last.mounted
    const used = new Set<string>(apis.flatMap(({ routes }) => routes.map(({ method }) => method)))
    this.methods = METHODS.filter(method => used.has(method === 'HEAD' ? 'GET' : method))
  }

  /** Returns the API for a request target. */
  at(target: string): MountedApi {
    for (const mount of this.#mounts)
      if (target.startsWith(mount.prefix) && endsThere(mount, target)) return mount.mounted
    return this.last
  }
}

function mountsOf(api: Api): Mount[] {
  const mounted = new MountedApi(api)
  return [
    ...api.prefixes.map(prefix => ({ prefix, exact: false, mounted })),
    ...(api.paths ?? []).map(prefix => ({ prefix, exact: true, mounted }))
  ]
}

/** The longest first; of the same length a single path. */
function rankOf({ prefix, exact }: Mount): number {
  return prefix.length * 2 + (exact ? 1 : 0)
}

function endsThere({ prefix, exact }: Mount, target: string): boolean {
  if (target.length === prefix.length || (!exact && prefix.charCodeAt(prefix.length - 1) === SLASH)) return true
  const next = target.charCodeAt(prefix.length)
  return next === QUESTION_MARK || (!exact && next === SLASH)
}
