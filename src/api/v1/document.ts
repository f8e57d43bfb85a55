import type { DocumentTexts } from '../../http/openapi/document.ts'
import { v1Errors } from './error-schema.ts'

const info = {
  title: 'kafka-rest-proxy',
  summary: 'HTTPS access to an Apache Kafka cluster.',
  description: [
    'Produce and consume records, create, delete and describe topics of an Apache Kafka cluster, from any language that can make a request.',
    'Bodies are JSON in UTF-8. HEAD answers as GET, without a body. Query parameters that are not known are ignored.',
    'An error is always JSON of one form; decide by its `code`. Besides those named with each operation there are `ROUTE_NOT_FOUND` (404) at any other path, and `METHOD_NOT_ALLOWED` (405, with `Allow`) for any other method.',
    'Where the operator has switched authentication off (`auth.mode: none`), no token is needed.'
  ].join('\n\n'),
  version: '1',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }
}

const servers = [{ url: '/', description: 'The gateway that serves this description.' }]

const tags = [
  { name: 'Records', description: 'Produce records and consume them.' },
  { name: 'Topics', description: 'Create, delete, list and describe topics.' },
  { name: 'Cluster', description: "The cluster's brokers." },
  { name: 'Health', description: 'For load balancers and orchestrators; no token is needed.' },
  { name: 'Description', description: 'This description; no token is needed.' }
]

const SCOPE = 'api://kafka.example.com/.default'

const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'An OAuth 2.0 access token of an OpenID Connect provider that the gateway trusts, for a caller in a permitted group.'
  },
  entra: {
    type: 'oauth2',
    description:
      'Microsoft Entra ID, client credentials: put the id of your tenant in place of `your-tenant`, and the scope of the resource that the gateway is registered as.',
    flows: {
      clientCredentials: {
        tokenUrl: 'https://login.microsoftonline.com/your-tenant/oauth2/v2.0/token',
        scopes: { [SCOPE]: 'What the application has been granted.' }
      }
    }
  }
}

const security = [{ bearer: [] }, { entra: [SCOPE] }]

/** The description of v1 without its operations. */
export const v1Texts: DocumentTexts = { info, servers, security, securitySchemes, tags, errors: v1Errors }
