import { errorCatalogue } from '../../core/error-catalogue.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { DocumentTexts, ErrorDescription } from '../../http/openapi/document.ts'
import { commonTags, license, security, securitySchemes, servers } from '../shared/document-texts.ts'
import { CONSUMERS_TAG } from './consumers/shared.ts'
import { errorSchemaFor } from './error-schema.ts'
import { everyTold, TOPICS_TAG } from './errors.ts'
import { KAFKA_TYPE } from './media-types.ts'
import type { Dialect } from './record-form.ts'

const PEERS: Readonly<Record<Dialect, string>> = {
  confluent: 'Confluent REST Proxy v2',
  strimzi: 'Strimzi Kafka Bridge'
}

const infoFor = (dialect: Dialect) => ({
  title: 'kafka-rest-gateway, v2',
  summary: `HTTPS access to an Apache Kafka cluster, as ${PEERS[dialect]} has it.`,
  description: [
    'Produce and read records, create and describe topics of an Apache Kafka cluster, with the clients of Confluent REST Proxy v2 and of Strimzi Kafka Bridge.',
    `This gateway follows the habits of ${PEERS[dialect]} where the two differ (\`apis.v2\` of its configuration).`,
    'Bodies are JSON in UTF-8. On POST the media type says how records are written; any other type that ends in `+json`, `application/json` and none at all mean `json`. Answers have the type that `Accept` asks for. A slash at the end of a path, a charset, and a body of GET change nothing.',
    'Besides the errors named with each operation there are those of any other path (404) and any other method (405, with `Allow`).'
  ].join('\n\n'),
  version: '2',
  license
})

const tags = [
  { name: 'Records', description: 'Produce records and read them.' },
  {
    name: CONSUMERS_TAG,
    description:
      'Read with consumer instances. Errors about an instance have the form of the dialect whose client made it; those of one that is not there are as configured.'
  },
  { name: TOPICS_TAG, description: 'List and describe topics.' },
  { name: 'Administration', description: 'Create topics.' },
  { name: 'Cluster', description: "The cluster's brokers." },
  ...commonTags
]

const OTHER: Readonly<Record<Dialect, Dialect>> = { confluent: 'strimzi', strimzi: 'confluent' }

/** Errors about an instance have the form of the dialect whose client made it, which may be either. */
function errorsOf(dialect: Dialect): ErrorDescription {
  const toldBy = (code: ErrorCode, isEither: boolean) => [
    ...everyTold(dialect, code),
    ...(isEither ? everyTold(OTHER[dialect], code) : [])
  ]
  const numbersOf = (codes: readonly ErrorCode[], status: number, isEither: boolean): number[] => {
    const told = codes.flatMap(code => toldBy(code, isEither)).filter(each => each.status === status)
    return [...new Set(told.map(({ code }) => code))]
  }
  const schema = errorSchemaFor(dialect)
  return {
    schema,
    type: KAFKA_TYPE,
    statusesOf: (code, tag = CONSUMERS_TAG) => [
      ...new Set(toldBy(code, tag === CONSUMERS_TAG).map(({ status }) => status))
    ],
    narrowedTo: (codes, status, tag) => ({
      properties: { error_code: { enum: numbersOf(codes, status, tag === CONSUMERS_TAG) } }
    }),
    exampleOf: (code, status) => ({
      error_code: numbersOf([code], status, true)[0],
      message: errorCatalogue[code].summary
    })
  }
}

/** Returns what the description of v2 says besides its operations. */
export function v2Texts(dialect: Dialect): DocumentTexts {
  return { info: infoFor(dialect), servers, security, securitySchemes, tags, errors: errorsOf(dialect) }
}
