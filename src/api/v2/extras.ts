import { GatewayError } from '../../core/errors.ts'
import type { Query } from '../../http/call.ts'
import type { Parameter } from '../../http/openapi/operation.ts'
import type { Extras } from './record-form.ts'

/** What records that are read have besides, if the client asks for it. Strimzi's always have it. */

const EXTRAS = ['timestamp', 'headers'] as const

export const ALL_EXTRAS: Extras = { timestamps: true, headers: true }

export const include: Parameter = {
  name: 'include',
  description:
    "What records have besides: `timestamp`, `headers`, or both with a comma between. In Strimzi's manner they have both anyway.",
  schema: { type: 'string', pattern: '^(timestamp|headers)(,(timestamp|headers))?$' },
  examples: { both: { summary: 'All there is', value: 'timestamp,headers' } }
}

/** Throws INVALID_PARAMETER. */
export function extrasIn(query: Query): Extras {
  const words = query.get('include')?.split(',') ?? []
  if (words.some(word => !EXTRAS.some(known => known === word)))
    throw new GatewayError('INVALID_PARAMETER', `include takes ${EXTRAS.join(' and ')}, with a comma between.`)
  return { timestamps: words.includes('timestamp'), headers: words.includes('headers') }
}
