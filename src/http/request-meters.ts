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

  begin(): void {
    this.#meter.began()
  }

  end({ status, meter, code, startedMs }: Exchange): void {
    const route = meter ?? this.#none
    route.ended(status ?? 0, (performance.now() - startedMs) / 1000)
    if (code !== undefined && status !== null) this.#meter.failed(code)
  }
}
