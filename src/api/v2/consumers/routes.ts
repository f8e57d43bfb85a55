import { GatewayError } from '../../../core/errors.ts'
import { tellIn } from '../errors.ts'
import type { Dialect } from '../record-form.ts'
import type { V2Route } from '../route.ts'
import { assign, getAssignments } from './assignments.ts'
import { createInstance } from './create.ts'
import { deleteInstance } from './delete.ts'
import { commitOffsets, getOffsets, postCommitted } from './offsets.ts'
import { seek, seekToBeginning, seekToEnd } from './positions.ts'
import { pollRecords } from './records.ts'
import { namesIn } from './shared.ts'
import { describingCookie } from './sticky-cookie.ts'
import { getSubscription, subscribe, unsubscribe } from './subscription.ts'

/** The calls of consumer instances, in the order in which the description is read. */
export function consumerRoutes(dialect: Dialect): readonly V2Route[] {
  return routesOf(dialect).map(inDialectOfInstance)
}

function routesOf(dialect: Dialect): readonly V2Route[] {
  return [
    createInstance,
    subscribe,
    pollRecords(dialect),
    commitOffsets,
    deleteInstance,
    getSubscription,
    unsubscribe,
    assign,
    getAssignments,
    getOffsets,
    postCommitted,
    seek,
    seekToBeginning,
    seekToEnd
  ].map(describingCookie)
}

/** Tells errors about an instance as the client that made it knows them. Those of an instance that is not there are as configured. */
function inDialectOfInstance(route: V2Route): V2Route {
  return {
    ...route,
    async handle(call, useCases, type) {
      try {
        return await route.handle(call, useCases, type)
      } catch (error) {
        const { principal } = call
        const own = principal && useCases.consumers.heldSettings(principal, ...namesIn(call))
        if (error instanceof GatewayError && own !== undefined) tellIn(own.dialect, error)
        throw error
      }
    }
  }
}
