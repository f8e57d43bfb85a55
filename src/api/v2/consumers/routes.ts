import type { Dialect } from '../record-form.ts'
import type { V2Route } from '../route.ts'
import { assign, getAssignments } from './assignments.ts'
import { createInstance } from './create.ts'
import { deleteInstance } from './delete.ts'
import { commitOffsets, getOffsets, postCommitted } from './offsets.ts'
import { seek, seekToBeginning, seekToEnd } from './positions.ts'
import { pollRecords } from './records.ts'
import { describingCookie } from './sticky-cookie.ts'
import { getSubscription, subscribe, unsubscribe } from './subscription.ts'

/** The calls of consumer instances, in the order in which the description is read. */
export function consumerRoutes(dialect: Dialect): readonly V2Route[] {
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
