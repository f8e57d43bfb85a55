import { STATUS_CODES } from 'node:http'
import { errorCatalogue } from '../../core/error-catalogue.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Schema } from '../../core/json-schema.ts'
import type { RouteDescription } from '../route.ts'
import { callerHeaders, commonHeaders, errorHeaders, requestId } from './headers.ts'
import type { Answer, Header, OperationText, Parameter, RequestBody } from './operation.ts'
import { namedSchemas } from './schema.ts'

type Json = Readonly<Record<string, unknown>>
type Headers = Readonly<Record<string, Header>>
type Failing = Partial<Pick<OperationText, 'tag' | 'types' | 'errorSchema' | 'errorHeaders'>>

/** Errors that any request can get. */
const ON_THE_WIRE: readonly ErrorCode[] = [
  'BAD_REQUEST',
  'REQUEST_TIMEOUT',
  'URI_TOO_LONG',
  'HEADERS_TOO_LARGE',
  'INTERNAL_ERROR',
  'OVERLOADED'
]
/** Errors that requests to routes with authentication can get as well. */
const AT_THE_GATE: readonly ErrorCode[] = [
  'SEVERAL_CREDENTIALS',
  'CREDENTIAL_IN_QUERY',
  'UNAUTHENTICATED',
  'INVALID_TOKEN',
  'INVALID_CREDENTIALS',
  'CERTIFICATE_NEEDED',
  'NOT_PERMITTED',
  'NO_KAFKA_IDENTITY',
  'QUOTA_EXCEEDED',
  'TOO_MANY_ATTEMPTS',
  'IDENTITY_UNAVAILABLE',
  'SHUTTING_DOWN',
  'AUDIT_UNAVAILABLE'
]

const REQUEST_ID_REFERENCE = { $ref: `#/components/parameters/${requestId.name}` }

/** How an API describes its errors. */
export interface ErrorDescription {
  /** Schema of every error. */
  readonly schema: Schema
  /** Media type of their bodies. */
  readonly type: string
  /** Returns the HTTP statuses that an error can have, the usual one first: anywhere, or in the operations of a tag. */
  statusesOf(code: ErrorCode, tag?: string): readonly number[]
  /** Returns a schema that narrows an error down to these codes, as they are told with this status in operations of the tag. */
  narrowedTo(codes: readonly ErrorCode[], status: number, tag: string | undefined): Json
  exampleOf(code: ErrorCode, status: number): Json
}

/** The parts of a description beside its operations. */
export interface DocumentTexts {
  readonly info: Json
  readonly servers: readonly Json[]
  readonly security: readonly Json[]
  readonly securitySchemes: Json
  readonly tags: readonly Json[]
  readonly errors: ErrorDescription
}

interface DescribedRoute extends RouteDescription {
  readonly operation: OperationText
}

const isDescribed = (route: RouteDescription): route is DescribedRoute => route.operation !== undefined
const isCode = (name: string): name is ErrorCode => name in errorCatalogue

/** Every code, in the order of the catalogue. */
export const errorCodes: readonly ErrorCode[] = Object.keys(errorCatalogue).filter(isCode)

/** Returns the description of an API (OpenAPI 3.1), made of its texts, its routes and its errors. */
export function openApiDocument(texts: DocumentTexts, routes: readonly RouteDescription[]): Json {
  return new Document(texts.errors).whole(texts, routes.filter(isDescribed))
}

class Document {
  readonly #errors: ErrorDescription
  /** Answers that several routes share, by name. */
  readonly #shared = new Map<string, Json>()
  /** Names of the examples that answers refer to. */
  readonly #shown = new Set<string>()

  constructor(errors: ErrorDescription) {
    this.#errors = errors
  }

  whole({ info, servers, security, securitySchemes, tags }: DocumentTexts, routes: readonly DescribedRoute[]): Json {
    const paths: Record<string, Record<string, Json>> = {}
    for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = this.#operation(route)
    const errors = this.#errors
    const schemas = namedSchemas([errors.schema, routes.map(({ operation }) => operation)])
    const codes = new Set(routes.flatMap(codesOf))
    const used = errorCodes.filter(code => codes.has(code))
    const examples = used.flatMap(code =>
      errors.statusesOf(code).map(status => {
        const name = exampleName(errors, code, status)
        return [name, { summary: name, value: errors.exampleOf(code, status) }] as const
      })
    )
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
        responses: Object.fromEntries(this.#shared),
        headers: headerObjects({ ...commonHeaders, ...callerHeaders }),
        examples: Object.fromEntries(examples.filter(([name]) => this.#shown.has(name))),
        securitySchemes
      }
    }
  }

  #operation(route: DescribedRoute): Json {
    const { path, operation } = route
    const { id, tag, summary, description, parameters = [], body } = operation
    const types = route.body.kind === 'ignored' ? [] : route.body.types.filter(type => type !== '*/*')
    return {
      operationId: id,
      tags: [tag],
      summary,
      ...(description === undefined ? {} : { description }),
      ...(isPublic(route) ? { security: [] } : {}),
      parameters: [...parameters.map(each => parameterObject(path, each)), REQUEST_ID_REFERENCE],
      ...(body === undefined
        ? {}
        : {
            requestBody: {
              description: body.description,
              required: body.required,
              content: Object.fromEntries(types.map(type => [type, bodyContent(body, type)]))
            }
          }),
      responses: this.#responses(route)
    }
  }

  #responses(route: DescribedRoute): Json {
    const { operation, offers } = route
    const common = isPublic(route) ? commonHeaders : { ...commonHeaders, ...callerHeaders }
    const all: Record<number, Json> = {}
    for (const [status, answer] of Object.entries(operation.answers))
      all[Number(status)] = success(answer, operation.types ?? offers.slice(0, 1), common)
    for (const [status, codes] of this.#byStatus(codesOf(route), operation.tag)) {
      const own = operation.answers[status]
      if (own !== undefined) all[status] = this.#either(operation, own, codes, status, common)
      else if (operation.errors.some(code => codes.includes(code)))
        all[status] = this.#failure(operation, codes, status, common)
      else {
        const kind = `${isPublic(route) ? 'Public' : ''}${operation.types === undefined ? '' : 'Typed'}`
        const name = `${kind}${STATUS_CODES[status]?.replaceAll(/[^A-Za-z]/g, '')}`
        const { types } = operation
        this.#shared.set(name, this.#failure(types === undefined ? {} : { types }, codes, status, common))
        all[status] = { $ref: `#/components/responses/${name}` }
      }
    }
    return all
  }

  #failure(operation: Failing, codes: readonly ErrorCode[], status: number, common: Headers): Json {
    const headers: Record<string, Header> = { ...operation.errorHeaders?.[status] }
    for (const code of codes) Object.assign(headers, errorHeaders[code])
    const content = { schema: this.#failureSchema(operation, codes, status), examples: this.#examples(codes, status) }
    return {
      description: `${STATUS_CODES[status]}: ${codes.map(code => `\`${code}\``).join(', ')}.`,
      headers: { ...references(common), ...headerObjects(headers) },
      content: this.#ofEach(operation, content)
    }
  }

  /** Describes a status that can be the route's own answer or an error. */
  #either(operation: OperationText, own: Answer, codes: readonly ErrorCode[], status: number, common: Headers): Json {
    const error = this.#failure(operation, codes, status, common)
    const schema = { oneOf: [own.schema, this.#failureSchema(operation, codes, status)] }
    const examples = { ...own.examples, ...this.#examples(codes, status) }
    return {
      ...error,
      description: `${own.description} ${String(error.description)}`,
      content: this.#ofEach(operation, { schema, examples })
    }
  }

  #ofEach({ types = [this.#errors.type] }: Failing, content: Json): Json {
    return Object.fromEntries(types.map(type => [type, content]))
  }

  #failureSchema(
    { tag, errorSchema = this.#errors.schema }: Failing,
    codes: readonly ErrorCode[],
    status: number
  ): Json {
    return { allOf: [errorSchema, this.#errors.narrowedTo(codes, status, tag)] }
  }

  #examples(codes: readonly ErrorCode[], status: number): Json {
    const names = codes.map(code => exampleName(this.#errors, code, status))
    for (const name of names) this.#shown.add(name)
    return Object.fromEntries(names.map(name => [name, { $ref: `#/components/examples/${name}` }]))
  }

  /** Groups codes by status, in the order of the catalogue. */
  #byStatus(codes: readonly ErrorCode[], tag: string): Map<number, readonly ErrorCode[]> {
    const found = new Map<number, readonly ErrorCode[]>()
    for (const code of errorCodes.filter(each => codes.includes(each)))
      for (const status of this.#errors.statusesOf(code, tag)) found.set(status, [...(found.get(status) ?? []), code])
    return found
  }
}

const isPublic = ({ permission }: RouteDescription): boolean => permission === 'public'

function parameterObject(
  path: string,
  { name, in: place, required = false, description, schema, examples }: Parameter
): Json {
  const inPath = path.includes(`{${name}}`)
  return { name, in: place ?? (inPath ? 'path' : 'query'), required: inPath || required, description, schema, examples }
}

function bodyContent({ byType = {}, ...usual }: RequestBody, type: string): Json {
  const { schema, examples } = byType[type] ?? usual
  return { schema, examples }
}

function codesOf(route: DescribedRoute): ErrorCode[] {
  return [...ON_THE_WIRE, ...(isPublic(route) ? [] : AT_THE_GATE), ...route.operation.errors]
}

/** Names an example, with its status if the error has several. */
function exampleName(errors: ErrorDescription, code: ErrorCode, status: number): string {
  return errors.statusesOf(code).length === 1 ? code : `${code}_${status}`
}

function success(
  { description, schema, headers = {}, examples }: Answer,
  types: readonly string[],
  common: Headers
): Json {
  const content = { schema, ...(examples === undefined ? {} : { examples }) }
  return {
    description,
    headers: { ...references(common), ...headerObjects(headers) },
    ...(schema === undefined ? {} : { content: Object.fromEntries(types.map(type => [type, content])) })
  }
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
