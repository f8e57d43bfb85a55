import { Type } from '../../core/json-schema.ts'
import type { PublicPage } from '../public-pages.ts'
import { healthCalls } from '../health.ts'
import { v1Operations } from '../../api/v1/operations.ts'
import { openApiDocument } from './document.ts'
import type { Described } from './operation.ts'

const PATH = '/openapi.json'

const etag = { ETag: { description: 'For `If-None-Match`.', schema: Type.String(), always: true } }

const self: Described = {
  method: 'GET',
  path: PATH,
  isPublic: true,
  operation: {
    id: 'describeApi',
    tag: 'Description',
    summary: 'This description of the API, in OpenAPI 3.1.',
    parameters: [
      {
        name: 'If-None-Match',
        in: 'header',
        description: 'The `ETag` of the description that the client has already.',
        schema: Type.String(),
        examples: { other: { summary: 'Of another description', value: 'W/"other"' } }
      }
    ],
    answers: {
      200: {
        description: 'The description; it is the same for every caller and holds no secrets.',
        schema: Type.Object({ openapi: Type.String() }, { additionalProperties: true }),
        headers: etag
      },
      304: { description: 'The client has it already.', headers: etag }
    },
    errors: ['SHUTTING_DOWN']
  }
}

/** Everything that the listener of the API serves. */
export const described: readonly Described[] = [...v1Operations, ...healthCalls, self]

/** For people: as it is printed and kept in `docs/`. */
export function apiDescriptionText(): string {
  return `${JSON.stringify(openApiDocument(described), null, 2)}\n`
}

export const apiDescription: PublicPage = {
  method: 'GET',
  path: PATH,
  contentType: 'application/json; charset=utf-8',
  body: () => Buffer.from(JSON.stringify(openApiDocument(described)))
}
