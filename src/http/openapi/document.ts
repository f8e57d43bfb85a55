import { STATUS_CODES } from 'node:http'
import { errorCatalogue, type ErrorCode } from '../../core/errors.ts'
import { errorCodes, errorSchema } from './error-schema.ts'
import { commonHeaders, errorHeaders, quotaHeaders, requestId } from './headers.ts'
import type { Answer, Described, Header, Operation, Parameter } from './operation.ts'
import { namedSchemas } from './schema.ts'
import { info, security, securitySchemes, servers, tags } from './texts.ts'

type Json = Readonly<Record<string, unknown>>
type Headers = Readonly<Record<string, Header>>
type Failing = Pick<Operation, 'errorSchema' | 'errorHeaders'>

/** What any request can meet on its way. */
const ON_THE_WIRE: readonly ErrorCode[] = [
  'BAD_REQUEST',
  'REQUEST_TIMEOUT',
  'URI_TOO_LONG',
  'HEADERS_TOO_LARGE',
  'INTERNAL_ERROR',
  'OVERLOADED'
]
/** And what comes before a route that is not for everybody. */
const AT_THE_GATE: readonly ErrorCode[] = [
  'UNAUTHENTICATED',
  'INVALID_TOKEN',
  'NOT_PERMITTED',
  'QUOTA_EXCEEDED',
  'IDENTITY_UNAVAILABLE',
  'SHUTTING_DOWN',
  'AUDIT_UNAVAILABLE'
]

const REQUEST_ID_REFERENCE = { $ref: `#/components/parameters/${requestId.name}` }

/** The description of the API (OpenAPI 3.1), made of what the routes say of themselves and of the catalogue of errors. */
export function openApiDocument(routes: readonly Described[]): Json {
  const shared = new Map<string, Json>()
  const paths: Record<string, Record<string, Json>> = {}
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operationObject(route, shared)
  const schemas = namedSchemas([errorSchema, routes.map(({ operation }) => operation)])
  const codes = new Set(routes.flatMap(codesOf))
  const used = errorCodes.filter(code => codes.has(code))
  return {
    openapi: '3.1.0',
    info,
    servers,
    security,
    tags,
    paths,
    components: {
      schemas: Object.fromEntries(schemas),
      parameters: { [requestId.name]: parameterObject('', requestId) },
      responses: Object.fromEntries(shared),
      headers: headerObjects({ ...commonHeaders, ...quotaHeaders }),
      examples: Object.fromEntries(used.map(code => [code, { summary: code, value: exampleOf(code) }])),
      securitySchemes
    }
  }
}

function operationObject(route: Described, shared: Map<string, Json>): Json {
  const { path, operation, isPublic } = route
  const { id, tag, summary, description, parameters = [], body } = operation
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(isPublic ? { security: [] } : {}),
    parameters: [...parameters.map(each => parameterObject(path, each)), REQUEST_ID_REFERENCE],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            description: body.description,
            required: body.required,
            content: { 'application/json': { schema: body.schema, examples: body.examples } }
          }
        }),
    responses: responses(route, shared)
  }
}

function parameterObject(path: string, { name, in: place, description, schema, examples }: Parameter): Json {
  const inPath = path.includes(`{${name}}`)
  return { name, in: place ?? (inPath ? 'path' : 'query'), required: inPath, description, schema, examples }
}

function responses(route: Described, shared: Map<string, Json>): Json {
  const { operation, isPublic } = route
  const common = isPublic ? commonHeaders : { ...commonHeaders, ...quotaHeaders }
  const all: Record<number, Json> = {}
  for (const [status, answer] of Object.entries(operation.answers)) all[Number(status)] = success(answer, common)
  for (const [status, codes] of byStatus(codesOf(route))) {
    const own = operation.answers[status]
    if (own !== undefined) all[status] = either(operation, own, codes, common)
    else if (operation.errors.some(code => codes.includes(code))) all[status] = failure(operation, codes, common)
    else {
      const name = `${isPublic ? 'Public' : ''}${STATUS_CODES[status]?.replaceAll(/[^A-Za-z]/g, '')}`
      shared.set(name, failure({}, codes, common))
      all[status] = { $ref: `#/components/responses/${name}` }
    }
  }
  return all
}

function codesOf({ operation, isPublic }: Described): ErrorCode[] {
  return [...ON_THE_WIRE, ...(isPublic ? [] : AT_THE_GATE), ...operation.errors]
}

/** In the order of the catalogue. */
function byStatus(codes: readonly ErrorCode[]): Map<number, readonly ErrorCode[]> {
  const found = new Map<number, readonly ErrorCode[]>()
  for (const code of errorCodes) {
    if (codes.includes(code)) found.set(statusOf(code), [...(found.get(statusOf(code)) ?? []), code])
  }
  return found
}

function success({ description, schema, headers = {}, examples }: Answer, common: Headers): Json {
  return {
    description,
    headers: { ...references(common), ...headerObjects(headers) },
    ...(schema === undefined
      ? {}
      : { content: { 'application/json': { schema, ...(examples === undefined ? {} : { examples }) } } })
  }
}

function failure(operation: Failing, codes: readonly ErrorCode[], common: Headers): Json {
  const status = statusOf(codes[0])
  const headers: Record<string, Header> = { ...operation.errorHeaders?.[status] }
  for (const code of codes) Object.assign(headers, errorHeaders[code])
  return {
    description: `${STATUS_CODES[status]}: ${codes.map(code => `\`${code}\``).join(', ')}.`,
    headers: { ...references(common), ...headerObjects(headers) },
    content: { 'application/json': { schema: failureSchema(operation, codes), examples: failureExamples(codes) } }
  }
}

/** A status that is an answer of the route itself, but may be an error too. */
function either(operation: Operation, own: Answer, codes: readonly ErrorCode[], common: Headers): Json {
  const error = failure(operation, codes, common)
  const schema = { oneOf: [own.schema, failureSchema(operation, codes)] }
  const examples = { ...own.examples, ...failureExamples(codes) }
  return {
    ...error,
    description: `${own.description} ${String(error.description)}`,
    content: { 'application/json': { schema, examples } }
  }
}

function failureSchema({ errorSchema: schema = errorSchema }: Failing, codes: readonly ErrorCode[]): Json {
  return {
    allOf: [
      schema,
      { properties: { code: { enum: codes }, error_code: { enum: codes.map(code => errorCatalogue[code].errorCode) } } }
    ]
  }
}

function failureExamples(codes: readonly ErrorCode[]): Json {
  return Object.fromEntries(codes.map(code => [code, { $ref: `#/components/examples/${code}` }]))
}

function exampleOf(code: ErrorCode): Json {
  const { errorCode, summary, retriable } = errorCatalogue[code]
  return { error_code: errorCode, code, message: summary, retriable }
}

function references(headers: Headers): Json {
  return Object.fromEntries(Object.keys(headers).map(name => [name, { $ref: `#/components/headers/${name}` }]))
}

function headerObjects(headers: Headers): Json {
  return Object.fromEntries(
    Object.entries(headers).map(([name, { description, schema, always }]) => [
      name,
      { description, required: always, schema }
    ])
  )
}

function statusOf(code: ErrorCode): number {
  return Math.floor(errorCatalogue[code].errorCode / 100)
}
