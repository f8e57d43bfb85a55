import type { ErrorObject } from 'ajv/dist/2020.js'
import type { FromSchema, JSONSchema } from '../../core/json-schema.ts'
import { member } from '../../core/lib/member.ts'
import { namedSchemas } from '../../http/openapi/schema.ts'
import { placeOf, readJson, shown, type SmallBodyLimits } from './json-value.ts'
import { type BodyError, invalid } from './records/body-error.ts'
import { wordsOf, type WordedSchema } from './schema-words.ts'

/** A body as the request brings it. */
interface BodyBytes {
  readonly bytes: Buffer
  readonly release: () => void
}

const LIMITS: SmallBodyLimits = { bytes: 1024 * 1024, depth: 32 }
const EMPTY = Buffer.from('{}')
const REFERENCE = '#/components/schemas/'

/**
 * Returns a reader of small bodies that fit a schema, such as an order to create a topic. A body without a byte counts as
 * `{}`. Members that the schema does not name are refused if it says `additionalProperties: false`, else they are kept. Nothing
 * is converted and no default filled in. The library is loaded, and the schema compiled, for the first body.
 *
 * The reader gives the bytes back. It rejects with BODY_TOO_LARGE (1 MiB), MALFORMED_JSON with the byte at fault, and
 * INVALID_BODY ({@link BodyError}, with its kind of fault) with the member at fault and what was expected: in the words of the
 * schema's keyword `expects`, if it has one.
 */
export function jsonBody<const S extends Exclude<JSONSchema, boolean>, Value = FromSchema<S>>(
  schema: S,
  limits = LIMITS
): (body: BodyBytes) => Promise<Value> {
  let judge: Promise<(value: unknown) => BodyError | undefined> | undefined
  return async ({ bytes, release }) => {
    try {
      const value = readJson(bytes.length === 0 ? EMPTY : bytes, limits)
      judge ??= compile(schema)
      const refusal = (await judge)(value)
      if (refusal !== undefined) throw refusal
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what fits the schema has the type that it admits.
      return value as Value
    } finally {
      release()
    }
  }
}

async function compile(schema: object): Promise<(value: unknown) => BodyError | undefined> {
  const { Ajv2020 } = await import('ajv/dist/2020.js')
  const schemas: Record<string, WordedSchema> = Object.fromEntries(namedSchemas(schema))
  const ajv = new Ajv2020({
    strict: true,
    allowUnionTypes: true,
    verbose: true,
    // The schemas are ours: to judge them by their own schema would take longer than all the rest.
    meta: false,
    validateSchema: false,
    keywords: ['expects', 'components'],
    formats: { int32: true, int64: true }
  })
  const fits = ajv.compile({ ...schema, components: { schemas } })
  const resolve = (reference: string): WordedSchema => schemas[reference.slice(REFERENCE.length)]
  return value => (fits(value) ? undefined : refusalFor(fits.errors ?? [], value, resolve))
}

function refusalFor(
  errors: readonly ErrorObject[],
  value: unknown,
  resolve: (reference: string) => WordedSchema
): BodyError {
  // The last says most: before it stands why each choice of an anyOf was none. `if` says nothing beside its then.
  const error = errors.findLast(({ keyword }) => keyword !== 'if')
  if (error === undefined) return invalid('The body is not what the description of the API asks for.')
  const path = pathTo(error.instancePath, value)
  const place = placeOf(path)
  const schema: WordedSchema = error.parentSchema ?? {}
  const { missingProperty, additionalProperty, propertyName } = error.params as Readonly<Record<string, string>>
  switch (error.keyword) {
    case 'required':
      return invalid(`${place} has no member '${missingProperty}'.`, 'missing')
    case 'dependentRequired':
      return invalid(
        `${place} has no member '${missingProperty}', which belongs to '${error.params.property}'.`,
        'missing'
      )
    case 'additionalProperties': {
      const names = Object.keys(schema.properties ?? {})
      const takes = names.length === 0 ? 'it takes none' : `it takes ${names.join(', ')}`
      return invalid(`${place} has a member '${shown(additionalProperty)}', which is not known; ${takes}.`, 'unknown')
    }
    case 'propertyNames':
      return invalid(`${place} has a member '${shown(propertyName)}', a name that is not allowed here.`)
    case 'uniqueItems':
      return invalid(`${place} has the same entry twice.`)
    default:
      return invalid(`${place} must be ${wordsOf(schema, resolve)}.`)
  }
}

/** From a JSON pointer (RFC 6901). */
function pathTo(pointer: string, value: unknown): (string | number)[] {
  let at = value
  return pointer
    .split('/')
    .slice(1)
    .map(part => {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
      const key = Array.isArray(at) ? Number(name) : name
      at = member(at, name)
      return key
    })
}
