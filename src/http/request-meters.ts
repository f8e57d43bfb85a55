import type { Meter, RouteMeter } from '../core/meter.ts'
import type { Exchange } from './exchange.ts'
import type { PublicPage } from './public-pages.ts'
import type { Route } from './router.ts'

/** Counts requests by their route; those that reach none are counted together. */
export class RequestMeters {
  readonly health: RouteMeter
  readonly #meter: Meter
  readonly #none: RouteMeter
  readonly #routes: ReadonlyMap<Route | PublicPage, RouteMeter>

  constructor(meter: Meter, routes: readonly (Route | PublicPage)[]) {
    this.#meter = meter
    this.#none = meter.route('none', 'none')
    this.health = meter.route('GET', '/health')
    this.#routes = new Map(routes.map(route => [route, meter.route(route.method, route.path)]))
  }

  of(route: Route | PublicPage): RouteMeter | undefined {
    return this.#routes.get(route)
  }

  judged(remembered: boolean): void {
    this.#meter.judged(remembered)
  }

  begin(exchange: Exchange): void {
    this.#meter.began()
    exchange.onEnd(() => this.#end(exchange))
  }

  #end({ response, meter, code, startedMs }: Exchange): void {
    const status = response.headersSent ? response.statusCode : 0
    const end = meter ?? this.#none
    end.ended(status, (performance.now() - startedMs) / 1000)
    if (code !== undefined) this.#meter.failed(code)
  }
}
