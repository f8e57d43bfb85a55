import type { Described } from '../../http/openapi/operation.ts'
import { bodyErrors, partitionParameter, TOPIC, topicErrors, topicParameter } from './operation-parts.ts'
import {
  brokersSchema,
  partitionInfoSchema,
  partitionsSchema,
  topicSchema,
  topicsSchema,
  topicSpecSchema
} from './schemas.ts'

const broker = { hostName: 'broker-1.example', port: 9092, id: 1, rack: null }
const partition = {
  partition_id: 0,
  earliest_offset: 0,
  latest_offset: 42,
  leader: broker,
  replicas: [broker],
  isr: [broker]
}
const topicAnswer = { topic: { summary: 'Its name', value: { topic: TOPIC } } }

export const createTopicCall: Described = {
  method: 'PUT',
  path: '/v1/topics/{topic}',
  isPublic: false,
  operation: {
    id: 'createTopic',
    tag: 'Topics',
    summary: 'Create a topic.',
    description: 'Answered once every broker that can be reached shows all partitions with leaders that answer.',
    parameters: [topicParameter],
    body: {
      required: false,
      description: "What the topic is to be like; without a body it is as the cluster's own defaults say.",
      schema: topicSpecSchema,
      examples: {
        defaults: { summary: "The cluster's own defaults", value: {} },
        whole: {
          summary: 'All that can be said',
          value: {
            partition_count: 2,
            replication_factor: 1,
            topic_properties: { 'retention.ms': 604_800_000, 'cleanup.policy': 'delete', preallocate: false }
          }
        }
      }
    },
    answers: { 200: { description: 'The topic is there.', schema: topicSchema, examples: topicAnswer } },
    errors: [
      ...bodyErrors,
      'INVALID_TOPIC_NAME',
      'INVALID_TOPIC_PROPERTY',
      'INVALID_PARTITION_COUNT',
      'INVALID_REPLICATION_FACTOR',
      'POLICY_VIOLATION',
      'TOPIC_EXISTS',
      'KAFKA_REFUSED',
      'KAFKA_UNAVAILABLE',
      'NOT_YET_VISIBLE'
    ]
  }
}

export const deleteTopicCall: Described = {
  method: 'DELETE',
  path: '/v1/topics/{topic}',
  isPublic: false,
  operation: {
    id: 'deleteTopic',
    tag: 'Topics',
    summary: 'Delete a topic and its records.',
    description: 'Answered once no broker that can be reached shows it any more.',
    parameters: [topicParameter],
    answers: { 200: { description: 'The topic is gone.', schema: topicSchema, examples: topicAnswer } },
    errors: [...topicErrors, 'INTERNAL_TOPIC', 'NOT_YET_VISIBLE']
  }
}

export const listTopicsCall: Described = {
  method: 'GET',
  path: '/v1/metadata/topics',
  isPublic: false,
  operation: {
    id: 'listTopics',
    tag: 'Topics',
    summary: 'List the topics that the caller may see.',
    answers: {
      200: {
        description: 'Their names.',
        schema: topicsSchema,
        examples: { topics: { summary: 'Two topics', value: { topics: ['parcels', TOPIC] } } }
      }
    },
    errors: ['KAFKA_UNAVAILABLE']
  }
}

export const listPartitionsCall: Described = {
  method: 'GET',
  path: '/v1/metadata/topics/{topic}/partitions',
  isPublic: false,
  operation: {
    id: 'listPartitions',
    tag: 'Topics',
    summary: 'Describe the partitions of a topic.',
    parameters: [topicParameter],
    answers: {
      200: {
        description: 'The partitions, by number.',
        schema: partitionsSchema,
        examples: { partitions: { summary: 'One partition', value: { topic: TOPIC, partitions: [partition] } } }
      }
    },
    errors: [...topicErrors, 'INTERNAL_TOPIC']
  }
}

export const getPartitionCall: Described = {
  method: 'GET',
  path: '/v1/metadata/topics/{topic}/partitions/{partition}',
  isPublic: false,
  operation: {
    id: 'getPartition',
    tag: 'Topics',
    summary: 'Describe one partition of a topic.',
    parameters: [topicParameter, partitionParameter],
    answers: {
      200: {
        description: 'The partition.',
        schema: partitionInfoSchema,
        examples: { partition: { summary: 'A partition with 42 offsets', value: partition } }
      }
    },
    errors: [...topicErrors, 'INTERNAL_TOPIC', 'INVALID_PARTITION', 'PARTITION_NOT_FOUND']
  }
}

export const listBrokersCall: Described = {
  method: 'GET',
  path: '/v1/metadata/brokers',
  isPublic: false,
  operation: {
    id: 'listBrokers',
    tag: 'Cluster',
    summary: "List the cluster's brokers.",
    answers: {
      200: {
        description: 'The brokers that are up, by id.',
        schema: brokersSchema,
        examples: { brokers: { summary: 'One broker', value: { brokers: [broker] } } }
      }
    },
    errors: ['KAFKA_UNAVAILABLE']
  }
}
