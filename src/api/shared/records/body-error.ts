import { GatewayError } from '../../../core/errors.ts'

/**
 * Kind of fault in a body, for dialects that answer them with different codes:
 * `unknown` member; `missing` member or record; `encoding` (not base64, or text without a form in UTF-8); `value` of the
 * wrong type or out of range, a member given twice included.
 */
export type BodyFault = 'unknown' | 'missing' | 'encoding' | 'value'

/** INVALID_BODY with the kind of fault. */
export class BodyError extends GatewayError {
  readonly fault: BodyFault

  constructor(message: string, fault: BodyFault) {
    super('INVALID_BODY', message)
    this.fault = fault
  }
}

export function invalid(message: string, fault: BodyFault = 'value'): BodyError {
  return new BodyError(message, fault)
}

export function malformed(message: string): GatewayError {
  return new GatewayError('MALFORMED_JSON', message)
}

/**
 * An object in a body, as messages name it. Asked only when a message is written: a reader passes itself, and makes no
 * closure for each request.
 */
export interface Place {
  /** `records[3]`; empty if the body itself is the record. */
  path(): string
}

/** Names the object at a place. */
export function objectAt(place: Place): string {
  return place.path() || 'The record'
}

/** Names a member of the object at a place. */
export function memberAt(place: Place, member: string): string {
  const path = place.path()
  return path === '' ? member : `${path}.${member}`
}
