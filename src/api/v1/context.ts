import type { LimitsConfig } from '../../config/schema.ts'
import type { ByteBudget } from '../../core/byte-budget.ts'
import type { Gateway } from '../../gateway/gateway.ts'

/** What the routes are made with. */
export interface RouteContext {
  readonly gateway: Gateway
  readonly limits: LimitsConfig
  readonly budget: ByteBudget
}
