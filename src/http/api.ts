import type { GatewayError } from '../core/errors.ts'
import type { Reply } from './answer.ts'
import type { RequestKind, Route } from './route.ts'
import { Router } from './router.ts'

/** A dialect that is spoken over HTTP: what `server/` composes. */
export interface Api {
  /** As metrics label it: `v1`. Empty for what belongs to no version. */
  readonly version: string
  /** Beginnings of the paths that are its own. The API with the longest one answers, also if it has no such route. */
  readonly prefixes: readonly string[]
  /** What its requests are to the gateway's records, but for those of public routes; `call` when left out. */
  readonly kind?: RequestKind
  /** The most used first. */
  readonly routes: readonly Route[]
  /** Whether its paths may end with a slash more. False when left out. */
  readonly trailingSlash?: boolean
  /** How it tells an error. */
  readonly error: (error: GatewayError) => Reply
}

/** An API and its table of routes. */
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

  /** Returns what a path is that needs no token; undefined for all others, as most are. */
  publicKindOf(target: string): RequestKind | undefined {
    if (this.#publicKinds.size === 0) return undefined
    return this.#publicKinds.get(target.split('?', 1)[0])
  }

  /** Whether the route always answers with a stream. */
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

/** Which API a request is for. */
export class Apis {
  /** Methods that some route has; HEAD where GET is. */
  readonly methods: readonly string[]
  readonly #mounts: readonly { readonly prefix: string; readonly mounted: MountedApi }[]

  /** One of them must have the prefix `/`: it answers for every path that is nobody's. */
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
