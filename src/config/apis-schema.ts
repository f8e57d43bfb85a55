export const apis = {
  type: 'object',
  required: ['v1', 'v2', 'v2Status'],
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
        'Where clients reach the gateway, with the path that a proxy in front of it adds; the descriptions of the APIs name it. Without it, they name the place that they are read from.'
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
