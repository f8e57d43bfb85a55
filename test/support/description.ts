import { Compile } from 'typebox/schema'
import type { Dialect } from '../../src/api/v2/record-form.ts'
import { apiDescriptionText } from '../../src/server/apis.ts'

/** The descriptions of the APIs, as a client reads them: what they say of an answer, and whether that is so. */

export interface Example {
  readonly value?: unknown
  readonly $ref?: string
}

export interface DescribedParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly schema: object
  readonly examples: Readonly<Record<string, Example>>
}

interface Media {
  readonly schema: object
  readonly examples?: Readonly<Record<string, Example>>
}

interface DescribedHeader {
  readonly required: boolean
  readonly schema: object
}

export interface DescribedResponse {
  readonly headers: Readonly<Record<string, DescribedHeader | { readonly $ref: string }>>
  readonly content?: Readonly<Record<string, Media>>
}

export interface DescribedOperation {
  readonly operationId: string
  readonly security?: readonly object[]
  readonly parameters: readonly (DescribedParameter | { readonly $ref: string })[]
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, DescribedResponse | { readonly $ref: string }>>
}

interface Components {
  readonly schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly examples: Readonly<Record<string, Example>>
  readonly responses: Readonly<Record<string, DescribedResponse>>
}

export interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>
  readonly components: Components
}

export const apiDescription = JSON.parse(apiDescriptionText()) as ApiDescription

const v2Descriptions = new Map<Dialect, ApiDescription>()

/** The description of v2 in one dialect. */
export function v2Description(dialect: Dialect): ApiDescription {
  let description = v2Descriptions.get(dialect)
  if (description === undefined)
    v2Descriptions.set(dialect, (description = JSON.parse(apiDescriptionText(dialect)) as ApiDescription))
  return description
}

/** Paths of v2 that have a description. */
const OF_V2 = /^\/(?:topics|brokers|admin|consumers)(?:[/?]|$)/

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** What a reference stands for. */
export function resolved<T extends object>(value: T | { readonly $ref: string }, description = apiDescription): T {
  if (!('$ref' in value)) return value
  const steps = value.$ref.replace('#/', '').split('/')
  return steps.reduce<unknown>((part, step) => (part as Record<string, unknown>)[step], description) as T
}

const schemas = new Map<object, ReturnType<typeof Compile>>()
/** For values that are arrays: they have no members to close. */
const arraySchemas: typeof schemas = new Map()

/** Where a value differs from a schema of the description; members that the schema does not know are told too. */
export function differences(schema: object, value: unknown, description = apiDescription): string[] {
  const isArray = Array.isArray(value)
  const known = isArray ? arraySchemas : schemas
  let compiled = known.get(schema)
  if (compiled === undefined) {
    const closed = {
      allOf: [schema],
      ...(isArray ? {} : { unevaluatedProperties: false }),
      components: { schemas: closedSchemas(description) }
    }
    known.set(schema, (compiled = Compile(closed)))
  }
  const [, errors] = compiled.Errors(value)
  return compiled.Check(value) ? [] : errors.map(({ instancePath, message }) => `${instancePath} ${message}`)
}

/** A client must bear members that are new; a test must not. Those of errors are closed where they are referred to. */
function closedSchemas(description: ApiDescription): Record<string, object> {
  return Object.fromEntries(
    Object.entries(description.components.schemas).map(([name, schema]) => [
      name,
      'properties' in schema && name !== 'Error' ? { additionalProperties: false, ...schema } : schema
    ])
  )
}

/** The operation that a request means; undefined where none is described. */
export function operationOf(
  method: string,
  target: string,
  description = apiDescription
): DescribedOperation | undefined {
  const segments = target.split('?', 1)[0].split('/')
  for (const [path, operations] of Object.entries(description.paths)) {
    const pattern = path.split('/')
    const fits = pattern.every((part, at) => (part.startsWith('{') ? segments[at] !== '' : part === segments[at]))
    if (fits && pattern.length === segments.length) return operations[method === 'HEAD' ? 'get' : method.toLowerCase()]
  }
  return undefined
}

/** Of HTTP itself, of the connection, of the coding of the body, and of pages of other origins. */
const NOT_DESCRIBED = /^(?:connection|content-.*|date|keep-alive|transfer-encoding|access-control-.*)$/

const NO_BODY: Media = { schema: { const: '' } }

/** In what an answer differs from its description. */
export function problemsOf(
  method: string,
  target: string,
  { status, headers, text }: Answered,
  dialect: Dialect = 'confluent'
): string[] {
  const isV2 = OF_V2.test(target)
  const description = isV2 ? v2Description(dialect) : apiDescription
  // A slash at the end of a path of v2 changes nothing.
  const operation = operationOf(method, isV2 ? target.replace(/\/(?=\?|$)/, '') : target, description)
  // Asked by browsers, of whatever path.
  if (method === 'OPTIONS') return []
  if (operation === undefined) return status === 401 || status >= 403 ? [] : [`${status} where nothing is described`]
  const found = operation.responses[status]
  if (found === undefined) return [`${operation.operationId}: ${status} is not described`]
  const response = resolved(found, description)
  const described = Object.entries(response.headers).map(([name, header]) => [name.toLowerCase(), header] as const)
  const names = new Set(described.map(([name]) => name))
  const extra = Object.keys(headers).filter(name => !NOT_DESCRIBED.test(name) && !names.has(name))
  const wrong = described.flatMap(([name, header]) => {
    const { required, schema } = resolved<DescribedHeader>(header, description)
    if (headers[name] === undefined) return required ? [`${name} is missing`] : []
    return differences(schema, headers[name], description)
  })
  const unread = method === 'HEAD' || headers['content-encoding'] !== undefined
  const { schema } = (response.content === undefined ? undefined : Object.values(response.content)[0]) ?? NO_BODY
  const body = unread ? [] : differences(schema, text === '' ? text : JSON.parse(text), description)
  return [...extra.map(name => `${name} is not described`), ...wrong, ...body].map(
    each => `${operation.operationId} ${status}: ${each}`
  )
}
