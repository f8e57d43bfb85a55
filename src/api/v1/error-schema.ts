import { Type } from '../../core/json-schema.ts'
import { errorCatalogue } from '../../core/errors.ts'
import { errorCodes, type ErrorDescription } from '../../http/openapi/document.ts'
import { named } from '../../http/openapi/schema.ts'
import { errorNumbers } from './errors.ts'

export const errorMembers = {
  error_code: Type.Integer({ description: 'HTTP status × 100 + a number that keeps its meaning.' }),
  code: Type.Enum([...errorCodes], { description: 'What to decide by: a closed list.' }),
  message: Type.String({ description: 'For people; it may change.' }),
  retriable: Type.Boolean({
    description: 'The same request may be sent again without a risk of storing a record twice.'
  })
}

/** The form of every error of v1. */
export const errorSchema = named(
  'Error',
  Type.Object(errorMembers, { description: 'The one form of all errors; some add members of their own.' })
)

export const v1Errors: ErrorDescription = {
  schema: errorSchema,
  type: 'application/json',
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
