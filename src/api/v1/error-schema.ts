import { errorCatalogue } from '../../core/error-catalogue.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { errorCodes, type ErrorDescription } from '../../http/openapi/document.ts'
import { named } from '../../http/openapi/schema.ts'
import { errorNumbers } from './errors.ts'

/** Raised by other APIs only. */
const ELSEWHERE: ReadonlySet<ErrorCode> = new Set([
  'NOT_ACCEPTABLE',
  'UNREADABLE_RECORD',
  'INSTANCE_NOT_FOUND',
  'FORMAT_MISMATCH',
  'INSTANCE_EXISTS',
  'INSTANCE_STATE',
  'NOT_ASSIGNED',
  'GROUP_UNUSABLE',
  'INVALID_INSTANCE',
  'INSTANCE_LIMIT',
  'GROUP_BUSY',
  'KAFKA_TOO_OLD'
])
export const v1Codes: readonly ErrorCode[] = errorCodes.filter(code => !ELSEWHERE.has(code))

export const errorMembers = {
  error_code: { type: 'integer', description: 'HTTP status × 100 + a number that keeps its meaning.' },
  code: { enum: [...v1Codes], description: 'What to decide by: a closed list.' },
  message: { type: 'string', description: 'For people; it may change.' },
  retriable: {
    type: 'boolean',
    description: 'The same request may be sent again without a risk of storing a record twice.'
  }
}

/** The form of every error of v1. */
export const errorSchema = named('Error', {
  type: 'object',
  required: ['error_code', 'code', 'message', 'retriable'],
  properties: errorMembers,
  description: 'The one form of all errors; some add members of their own.'
})

export const v1Errors: ErrorDescription = {
  schema: errorSchema,
  type: 'application/json',
  statusesOf: code => [errorCatalogue[code].status],
  narrowedTo: codes => ({
    properties: {
      code: { enum: codes },
      error_code: { enum: codes.map(code => errorNumbers[code]) }
    }
  }),
  exampleOf(code) {
    const { summary, retriable } = errorCatalogue[code]
    return { error_code: errorNumbers[code], code, message: summary, retriable }
  }
}
