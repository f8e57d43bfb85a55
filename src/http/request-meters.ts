import type { Meter, RouteMeter } from '../core/meter.ts'
import type { Api } from './api.ts'
import type { Exchange } from './exchange.ts'
import type { Route } from './route.ts'

/** Counts requests by route. Those that reach no route share one counter. */
export class RequestMeters {
  readonly #meter: Meter
  readonly #none: RouteMeter
  readonly #routes: ReadonlyMap<Route, RouteMeter>

  constructor(meter: Meter, apis: readonly Api[]) {
    this.#meter = meter
    this.#none = meter.route('', 'none', 'none')
    const shared = new Map<string, RouteMeter>()
    const meterOf = (version: string, { method, path, countedAs = path }: Route): RouteMeter => {
      const name = `${method} ${countedAs}`
      const made = shared.get(name) ?? meter.route(version, method, countedAs)
      shared.set(name, made)
      return made
    }
    this.#routes = new Map(
      apis.flatMap(({ version, routes }) => routes.map(route => [route, meterOf(version, route)] as const))
    )
  }

  of(route: Route): RouteMeter | undefined {
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
