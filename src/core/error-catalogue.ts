/** One entry of the closed catalogue of errors that a caller can see. */
export interface ErrorKind {
  /** HTTP status of an answer with this error. An API may have another for it. */
  readonly status: number
  /** May the caller send the same request again and hope for another answer, without a risk of storing a record twice? */
  readonly retriable: boolean
  /** One line for the documentation. */
  readonly summary: string
}

/**
 * Every error that leaves the gateway. `docs/errors.md` lists the same codes; a test compares the two both ways.
 * Texts for the log are not here: they travel in the `detail` of the error.
 */
export const errorCatalogue = {
  BAD_REQUEST: { status: 400, retriable: false, summary: 'The request is not valid HTTP.' },
  MALFORMED_JSON: {
    status: 400,
    retriable: false,
    summary: 'The body is not valid JSON in UTF-8, or nests too deep.'
  },
  INVALID_BODY: {
    status: 400,
    retriable: false,
    summary: 'A member of the body is missing, unknown, given twice, or has the wrong type or value.'
  },
  INVALID_TOPIC_NAME: { status: 400, retriable: false, summary: 'Kafka does not allow this topic name.' },
  INVALID_TOPIC_PROPERTY: {
    status: 400,
    retriable: false,
    summary: 'Kafka does not know a property of the topic, or refuses its value.'
  },
  INVALID_PARTITION_COUNT: { status: 400, retriable: false, summary: 'Kafka refuses the number of partitions.' },
  INVALID_REPLICATION_FACTOR: {
    status: 400,
    retriable: false,
    summary: 'Kafka refuses the number of replicas; usually there are fewer brokers.'
  },
  POLICY_VIOLATION: { status: 400, retriable: false, summary: 'A policy of the Kafka cluster refuses the topic.' },
  INVALID_PARTITION: {
    status: 400,
    retriable: false,
    summary:
      'A partition is not a number that Kafka can have, or a record, a position or `partitions` names one that the topic lacks.'
  },
  INVALID_OFFSET: {
    status: 400,
    retriable: false,
    summary: 'The place to begin is of none of the forms that the message lists.'
  },
  OFFSET_OUT_OF_RANGE: {
    status: 400,
    retriable: false,
    summary: 'The offset lies before the earliest record or beyond the end of the partition.'
  },
  INVALID_COUNT: { status: 400, retriable: false, summary: '`count` is not a number from 1 to 2147483647.' },
  INVALID_ENCODING: {
    status: 400,
    retriable: false,
    summary: '`key_encoding` or `value_encoding` is given and is not `base64`.'
  },
  INVALID_RECORD: {
    status: 400,
    retriable: false,
    summary: 'Kafka calls the record invalid, for example for want of a key on a compacted topic.'
  },
  INVALID_TIMESTAMP: {
    status: 400,
    retriable: false,
    summary: 'The timestamp lies outside what the topic allows.'
  },
  MALFORMED_GZIP: {
    status: 400,
    retriable: false,
    summary: 'The body is declared as gzip, but is not, or breaks off.'
  },
  INVALID_PARAMETER: {
    status: 400,
    retriable: false,
    summary: 'A query parameter has a value that it cannot have; the message names it.'
  },
  SEVERAL_CREDENTIALS: {
    status: 400,
    retriable: false,
    summary: 'The request carries two credentials, and which of them counts is not guessed.'
  },
  CREDENTIAL_IN_QUERY: {
    status: 400,
    retriable: false,
    summary: 'The query holds an API key: it stands in logs now, so replace it. Keys are sent in header fields only.'
  },
  POSITION_OF_ANOTHER_TOPIC: {
    status: 400,
    retriable: false,
    summary: 'The position belongs to a topic that was deleted, while another one has its name now.'
  },
  UNAUTHENTICATED: { status: 401, retriable: false, summary: 'No credential was sent of a kind that is on.' },
  INVALID_TOKEN: {
    status: 401,
    retriable: false,
    summary: 'The bearer token is malformed, expired, not yet valid, or not from a trusted issuer for this audience.'
  },
  INVALID_CREDENTIALS: {
    status: 401,
    retriable: false,
    summary:
      'The API key, user name and password, or client certificate are unknown, wrong, expired, revoked, or not valid from this address.'
  },
  CERTIFICATE_NEEDED: {
    status: 401,
    retriable: false,
    summary: 'Every request needs a client certificate here, and the connection has none that is valid.'
  },
  NOT_PERMITTED: {
    status: 403,
    retriable: false,
    summary: 'The caller is known, but belongs to no permitted group, or no rule lets them do this with the topic.'
  },
  INTERNAL_TOPIC: {
    status: 403,
    retriable: false,
    summary: "The topic is Kafka's own and not to be read, written, described or deleted."
  },
  KAFKA_REFUSED: { status: 403, retriable: false, summary: 'Kafka itself does not permit this.' },
  NO_KAFKA_IDENTITY: {
    status: 403,
    retriable: false,
    summary: 'The gateway acts as its callers in Kafka, and this caller has no identity there.'
  },
  TOPIC_NOT_FOUND: { status: 404, retriable: false, summary: 'The topic does not exist.' },
  PARTITION_NOT_FOUND: { status: 404, retriable: false, summary: 'The topic has no such partition.' },
  ROUTE_NOT_FOUND: { status: 404, retriable: false, summary: 'There is nothing at this path.' },
  INSTANCE_NOT_FOUND: {
    status: 404,
    retriable: false,
    summary: 'The consumer group has no such instance, or the caller did not make it.'
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    retriable: false,
    summary: 'The path exists, but not for this method; `Allow` names those it has.'
  },
  NOT_ACCEPTABLE: {
    status: 406,
    retriable: false,
    summary: 'The answer has none of the media types that `Accept` names; the message says which it has.'
  },
  FORMAT_MISMATCH: {
    status: 406,
    retriable: false,
    summary: 'The poll asks for another format than the consumer instance has.'
  },
  REQUEST_TIMEOUT: {
    status: 408,
    retriable: true,
    summary: 'The request did not arrive in time; nothing was done.'
  },
  STREAM_STALLED: {
    status: 408,
    retriable: false,
    summary:
      'The client of a stream took no answer for too long; records that have no answer are not known to be stored.'
  },
  TOPIC_EXISTS: { status: 409, retriable: false, summary: 'The topic exists already.' },
  INSTANCE_EXISTS: {
    status: 409,
    retriable: false,
    summary: 'The consumer group has a member of this name already.'
  },
  INSTANCE_STATE: {
    status: 409,
    retriable: false,
    summary: 'The consumer instance is not in a state that allows the call.'
  },
  NOT_ASSIGNED: {
    status: 409,
    retriable: false,
    summary: 'The partition is not assigned to the consumer instance.'
  },
  GROUP_UNUSABLE: {
    status: 409,
    retriable: false,
    summary: 'The consumer group is of a kind that the gateway cannot join, or the member is not its own.'
  },
  BODY_TOO_LARGE: { status: 413, retriable: false, summary: 'The body is larger than the configured limit.' },
  RECORD_TOO_LARGE: { status: 413, retriable: false, summary: 'A record is larger than the topic allows.' },
  TOO_MANY_RECORDS: {
    status: 413,
    retriable: false,
    summary: 'The request holds more records than the configured limit.'
  },
  URI_TOO_LONG: { status: 414, retriable: false, summary: 'The request line is too long.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retriable: false, summary: 'The body is not declared as JSON.' },
  UNSUPPORTED_ENCODING: {
    status: 415,
    retriable: false,
    summary: 'The body has a content encoding other than gzip; `Accept-Encoding` names it.'
  },
  UNREADABLE_RECORD: {
    status: 422,
    retriable: false,
    summary: 'A record cannot be shown in the format asked for; the message names its partition and offset.'
  },
  INVALID_INSTANCE: {
    status: 422,
    retriable: false,
    summary: 'What a consumer instance is to be, or to read, is not valid; the message says what.'
  },
  QUOTA_EXCEEDED: {
    status: 429,
    retriable: true,
    summary: "The caller's quota, or the gateway's, is used up; nothing was done."
  },
  TOO_MANY_ATTEMPTS: {
    status: 429,
    retriable: true,
    summary: 'Too many credentials from this address were refused; `Retry-After` says when the next one is looked at.'
  },
  INSTANCE_LIMIT: {
    status: 429,
    retriable: true,
    summary:
      'There are as many consumer instances, members of a group or waiting polls as may be; the message says of what.'
  },
  HEADERS_TOO_LARGE: { status: 431, retriable: false, summary: 'The header fields are too large.' },
  INTERNAL_ERROR: { status: 500, retriable: false, summary: 'A defect of the gateway.' },
  CORRUPT_DATA: {
    status: 500,
    retriable: false,
    summary: 'What Kafka returned fails its checksum or cannot be decoded.'
  },
  KAFKA_TOO_OLD: {
    status: 501,
    retriable: false,
    summary: 'The Kafka cluster is too old for what the call asks for.'
  },
  KAFKA_UNAVAILABLE: {
    status: 503,
    retriable: true,
    summary: "Kafka cannot be reached, refuses the gateway's credentials, or throttles the request."
  },
  LEADER_NOT_AVAILABLE: { status: 503, retriable: true, summary: 'The partition has no leader that answers.' },
  NOT_ENOUGH_REPLICAS: {
    status: 503,
    retriable: true,
    summary: 'Too few replicas are in sync; the record was not stored.'
  },
  OVERLOADED: {
    status: 503,
    retriable: true,
    summary: 'The bytes in flight in this process have reached the configured budget.'
  },
  IDENTITY_UNAVAILABLE: {
    status: 503,
    retriable: true,
    summary: 'The identity provider, or the service that knows group memberships, does not answer.'
  },
  SHUTTING_DOWN: { status: 503, retriable: true, summary: 'This process is being stopped.' },
  TOPIC_RECREATED: {
    status: 503,
    retriable: true,
    summary: 'The topic was deleted and created anew while the record was on its way; it was not stored.'
  },
  AUDIT_UNAVAILABLE: {
    status: 503,
    retriable: true,
    summary: 'The audit log cannot be written, and what it cannot record is refused; nothing was done.'
  },
  GROUP_BUSY: {
    status: 503,
    retriable: true,
    summary: 'The consumer group is being rebalanced, or its instance is called through several gateways at once.'
  },
  OUTCOME_UNKNOWN: {
    status: 504,
    retriable: false,
    summary: 'The deadline passed, and whether the record is or will be stored is not known.'
  },
  NOT_YET_VISIBLE: {
    status: 504,
    retriable: false,
    summary: 'The topic was created or deleted, but not every broker shows it yet.'
  },
  DEADLINE_EXCEEDED: {
    status: 504,
    retriable: true,
    summary: 'Kafka did not answer before the deadline; nothing was changed.'
  }
} as const satisfies Record<string, ErrorKind>
