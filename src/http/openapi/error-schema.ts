import { Type } from '../../core/json-schema.ts'
import { errorCatalogue, type ErrorCode } from '../../core/errors.ts'
import { named } from './schema.ts'

const isCode = (name: string): name is ErrorCode => name in errorCatalogue

/** The closed catalogue, in its own order. */
export const errorCodes: readonly ErrorCode[] = Object.keys(errorCatalogue).filter(isCode)

export const errorMembers = {
  error_code: Type.Integer({ description: 'HTTP status × 100 + a number that keeps its meaning.' }),
  code: Type.Enum([...errorCodes], { description: 'What to decide by: a closed list.' }),
  message: Type.String({ description: 'For people; it may change.' }),
  retriable: Type.Boolean({
    description: 'The same request may be sent again without a risk of storing a record twice.'
  })
}

/** The one form of all errors. */
export const errorSchema = named(
  'Error',
  Type.Object(errorMembers, { description: 'The one form of all errors; some add members of their own.' })
)
