import type { GatewayError } from '../core/errors.ts'
import type { Reply } from './answer.ts'
import type { RequestKind, Route } from './route.ts'
import { Router } from './router.ts'

/** A set of routes and their form of errors. `server/` decides which ones a listener serves. */
export interface Api {
  /** Label in the metrics: `v1`. Empty for routes that belong to no version. */
  readonly version: string
  /** Prefixes of its paths. The API with the longest matching prefix answers, even if it has no such route. */
  readonly prefixes: readonly string[]
  /** How its requests are recorded, except those to public routes; `call` when left out. */
  readonly kind?: RequestKind
  /** The most used first. */
  readonly routes: readonly Route[]
  /** Whether its paths may end with a slash more. False when left out. */
  readonly trailingSlash?: boolean
  /** Returns the answer for an error. */
  readonly error: (error: GatewayError) => Reply
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
    return this.#publicKinds.get(target.split('?', 1)[0])
  }

  /** Returns whether the route of a request always answers with a stream. */
  willStream(method: string, target: string): boolean {
    if (!this.#streams) return false
    try {
      return this.router.find(method, target).route.answer === 'stream'
    } catch {
      return false
    }
  }
}

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE']

/** The APIs of a listener, found by the prefix of a path. */
export class Apis {
  /** Methods that at least one route has; HEAD if one has GET. */
  readonly methods: readonly string[]
  readonly #mounts: readonly { readonly prefix: string; readonly mounted: MountedApi }[]

  /** One of them must have the prefix `/`: it answers for paths that no other API has. */
  constructor(apis: readonly Api[]) {
    this.#mounts = apis
      .flatMap(api => {
        const mounted = new MountedApi(api)
        return api.prefixes.map(prefix => ({ prefix, mounted }))
      })
      .toSorted((one, other) => other.prefix.length - one.prefix.length)
    if (this.#mounts.at(-1)?.prefix !== '/') throw new Error('No API has the prefix /')
    const used = new Set<string>(apis.flatMap(({ routes }) => routes.map(({ method }) => method)))
    this.methods = METHODS.filter(method => used.has(method === 'HEAD' ? 'GET' : method))
  }

  /** Returns the API for a request target. */
  at(target: string): MountedApi {
    for (const { prefix, mounted } of this.#mounts) if (target.startsWith(prefix)) return mounted
    return this.#mounts[this.#mounts.length - 1].mounted
  }
}
