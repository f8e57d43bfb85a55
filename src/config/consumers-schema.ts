import { bytes, milliseconds } from './fields.ts'

/** Consumer instances of v2. */
export const consumers = {
  type: 'object',
  properties: {
    sessionTimeoutMs: milliseconds(
      45_000,
      'An instance whose process has crashed is kept by Kafka for so long; called within it, it goes on. Kafka has bounds for it, 6000 to 1800000 by default.'
    ),
    instanceTimeoutMs: milliseconds(300_000, 'An instance that is not called for so long ends.'),
    joinConnections: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 256,
      description:
        'Connections to each broker for joining groups; a process holds so many instances of one group at most.'
    },
    userDataBytes: {
      type: 'integer',
      minimum: 1024,
      maximum: 65_536,
      default: 16_384,
      description: 'Size of what describes an instance and what it reads, as its group keeps it.'
    },
    pollBytes: bytes(6 * 1024 * 1024, 'Keys and values in the answer to a poll, at most.'),
    instances: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 10_000,
      description: 'Instances that a process holds.'
    },
    waits: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      default: 10_000,
      description: 'Polls that wait in a process at a time.'
    },
    stickyCookie: {
      enum: ['off', 'on'],
      default: 'off',
      description:
        'Answers about instances carry the cookie `kafka-rest-gateway`, a random id of the process: a balancer that learns from it spares takeovers. Nothing depends on it.'
    }
  },
  additionalProperties: false
} as const
