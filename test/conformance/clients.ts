/** Clients of v2 that strangers wrote, as their users install them, and what each of them does here. */

export interface Client {
  /** As its registry has it, with the version. */
  readonly name: string
  /** What else it imports without saying so. */
  readonly more?: readonly string[]
  /** Command that can run it; the first that is there is taken. Node's clients have none. */
  readonly pythons?: readonly string[]
  /** Files in `clients/`, run in this order. Between two of them the gateway is stopped, and another one started. */
  readonly steps: readonly string[]
  /** What they show. */
  readonly shows: string
}

const PYTHON_3 = ['python3'] as const
const PYTHON_3_12 = ['python3', 'python3.14', 'python3.13', 'python3.12'] as const

export const clients: readonly Client[] = [
  {
    name: 'kafka-bridge-client==0.7.1',
    pythons: PYTHON_3,
    steps: ['kafka_bridge_client_first.py', 'kafka_bridge_client_second.py'],
    shows: 'Strimzi and Confluent on one port; a crash, another gateway, and the rest'
  },
  {
    name: 'kafka-mcp==2.4.4',
    pythons: PYTHON_3_12,
    steps: ['mcp_rest_client.py'],
    shows: 'consumer instances; a commit without a body'
  },
  {
    name: 'nlp-kafka-rest-api==1.0.0',
    pythons: PYTHON_3,
    steps: ['nlp_kafka_rest_api.py'],
    shows: 'produce and consume; empty bodies of GET and DELETE'
  },
  {
    name: 'pymapr-kafkarest==0.1.1',
    more: ['python-slugify==8.0.4'],
    pythons: PYTHON_3,
    steps: ['mapr_client.py'],
    shows: 'consumer instances; base_uri, a slash at the end, 404 and 409 where it counts on them'
  },
  {
    name: 'kafka-rest==0.0.12',
    pythons: ['python2.7'],
    steps: ['tornado_client.py'],
    shows: 'Avro of v1 is refused so that it gives up'
  },
  { name: 'kafka-rest@0.0.5', steps: ['kafka_rest.mjs'], shows: 'brokers, topics, partitions, produce' }
]
