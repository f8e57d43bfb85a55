/** First segments of what is served. A prefix that begins so would hide it. */
const OWN_PATHS = [
  'v1',
  'v3',
  'topics',
  'consumers',
  'brokers',
  'admin',
  'health',
  'healthy',
  'ready',
  'openapi',
  'openapi[.]json',
  'docs'
]

export const apis = {
  type: 'object',
  required: ['v1', 'v2', 'v2Status', 'autoCreateTopics'],
  properties: {
    v1: {
      enum: ['on', 'off'],
      default: 'on',
      description: "The API of Azure HDInsight's Kafka REST proxy, under `/v1/`. What is off is 404."
    },
    v2: {
      enum: ['confluent', 'strimzi', 'off'],
      default: 'confluent',
      description:
        'The API of Confluent REST Proxy (v2) and Strimzi Kafka Bridge, at `/topics` and `/brokers`, and whose habits it has where the two differ.'
    },
    publicUrl: {
      type: 'string',
      pattern: '^https?://[^\\s?#@]*[^\\s?#@/]$',
      expects: 'an address such as https://gateway.example/kafka, without a slash at its end',
      description:
        'Where clients reach the gateway, with the path that a proxy in front of it adds. Descriptions of the APIs and addresses in answers (`base_uri`) begin with it. Without it, they begin with what `listen.trustedProxies` say in `X-Forwarded-Proto`, `-Host`, `-Port`, `-Prefix` or `Forwarded`, else with what the request says.'
    },
    pathPrefix: {
      type: 'string',
      pattern: `^(?!/(?:${OWN_PATHS.join('|')})(?:/|$))(/[A-Za-z0-9._~-]+)+$`,
      expects: 'a path such as /kafka, without a slash at its end, that is not where one of the APIs is',
      description:
        'A path below which everything is served too, for a proxy in front that passes it on. Without it the same is served as before, so probes need not know of it. Logs do not show it.'
    },
    autoCreateTopics: {
      enum: ['on', 'off'],
      default: 'off',
      description:
        "Whether a v2 produce request to a topic that does not exist creates it, with the cluster's defaults, if its caller may create it. It is 404 otherwise."
    },
    v2Status: {
      enum: ['default', 'strict'],
      default: 'default',
      description:
        'HTTP status of a v2 produce request of which some records failed: `default` is 200, as clients of the two expect; `strict` is that of the worst record. A request with `X-Kafka-Rest-Strict: true` is always answered so.'
    }
  },
  additionalProperties: false
} as const
