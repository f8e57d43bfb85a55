import type { DocumentTexts } from '../../http/openapi/document.ts'
import { commonTags, license, security, securitySchemes, servers } from '../shared/document-texts.ts'
import { v1Errors } from './error-schema.ts'

const info = {
  title: 'kafka-rest-gateway',
  summary: 'HTTPS access to an Apache Kafka cluster.',
  description: [
    'Produce and consume records, create, delete and describe topics of an Apache Kafka cluster, from any language that can make a request.',
    'Bodies are JSON in UTF-8. HEAD answers as GET, without a body. Query parameters that are not known are ignored.',
    'An error is always JSON of one form; decide by its `code`. Besides those named with each operation there are `ROUTE_NOT_FOUND` (404) at any other path, and `METHOD_NOT_ALLOWED` (405, with `Allow`) for any other method.',
    'Where the operator has switched authentication off (`auth.mode: none`), no token is needed.'
  ].join('\n\n'),
  version: '1',
  license
}

const tags = [
  { name: 'Records', description: 'Produce records and consume them.' },
  { name: 'Topics', description: 'Create, delete, list and describe topics.' },
  { name: 'Cluster', description: "The cluster's brokers." },
  ...commonTags
]

/** The description of v1 without its operations. */
export const v1Texts: DocumentTexts = { info, servers, security, securitySchemes, tags, errors: v1Errors }
