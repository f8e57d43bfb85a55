import type { Schema } from '../../core/json-schema.ts'
import { named } from '../../http/openapi/schema.ts'
import type { Dialect } from './record-form.ts'

/** Returns the schema of every error of a dialect. */
export function errorSchemaFor(dialect: Dialect): Schema {
  const strimzi = dialect === 'strimzi'
  return named('Error', {
    type: 'object',
    required: ['error_code', 'message'],
    properties: {
      error_code: {
        type: 'integer',
        description: strimzi ? 'The HTTP status.' : 'The HTTP status, or that × 100 + a number of its own.'
      },
      message: { type: 'string', description: 'For people; it may change.' },
      validation_errors: {
        type: 'array',
        items: { type: 'string' },
        description: "Of a body that is not valid, in Strimzi's manner only."
      }
    },
    description: 'The one form of all errors.'
  })
}
