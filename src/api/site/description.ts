import { type DocumentTexts, openApiDocument } from '../../http/openapi/document.ts'
import type { RouteDescription } from '../../http/route.ts'
import type { StaticPage } from '../../http/static-page.ts'
import { healthRoutes } from './health.ts'

/** Clients know this path as the description of v1. */
const PATH = '/openapi.json'

const etag = { ETag: { description: 'For `If-None-Match`.', schema: { type: 'string' }, always: true } }

const self: RouteDescription = {
  method: 'GET',
  path: PATH,
  permission: 'public',
  body: { kind: 'ignored' },
  offers: ['application/json'],
  audit: null,
  operation: {
    id: 'describeApi',
    tag: 'Description',
    summary: 'This description of the API, in OpenAPI 3.1.',
    parameters: [
      {
        name: 'If-None-Match',
        in: 'header',
        description: 'The `ETag` of the description that the client has already.',
        schema: { type: 'string' },
        examples: { other: { summary: 'Of another description', value: 'W/"other"' } }
      }
    ],
    answers: {
      200: {
        description: 'The description; it is the same for every caller and holds no secrets.',
        schema: {
          type: 'object',
          required: ['openapi'],
          properties: {
            openapi: { type: 'string' }
          },
          additionalProperties: true
        },
        headers: etag
      },
      304: { description: 'The client has it already.', headers: etag }
    },
    errors: ['SHUTTING_DOWN']
  }
}

/** An API that has a description. */
export interface DescribedApi {
  /** Name of its document: `v1`. */
  readonly name: string
  readonly texts: DocumentTexts
  readonly routes: readonly RouteDescription[]
  /** Where its document is found too. */
  readonly alsoAt?: readonly string[]
}

/** Returns the description of an API, with the routes that every API has: health and descriptions. */
export function descriptionOf({ texts, routes }: DescribedApi): Readonly<Record<string, unknown>> {
  return openApiDocument(texts, [...routes, ...healthRoutes, self])
}

/** Returns a page for each API under `/openapi/` and wherever else it is to be, and one for the first under `/openapi.json`. */
export function descriptionPages(apis: readonly DescribedApi[]): StaticPage[] {
  const page = (path: string, api: DescribedApi): StaticPage => ({
    path,
    contentType: 'application/json; charset=utf-8',
    body: () => Buffer.from(JSON.stringify(descriptionOf(api)))
  })
  const own = apis.flatMap(api => [`/openapi/${api.name}.json`, ...(api.alsoAt ?? [])].map(path => page(path, api)))
  return [...apis.slice(0, 1).map(api => page(PATH, api)), ...own]
}
