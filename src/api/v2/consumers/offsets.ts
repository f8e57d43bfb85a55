import { GatewayError } from '../../../core/errors.ts'
import type { CommittedOffset, OffsetToCommit } from '../../../gateway/instances/offsets.ts'
import type { InstanceSettings } from '../../../gateway/instances/settings.ts'
import type { HttpCall } from '../../../http/call.ts'
import { named } from '../../../http/openapi/schema.ts'
import { TOPIC, bodyErrors } from '../../shared/descriptions.ts'
import { jsonBody } from '../../shared/json-body.ts'
import { partitionNumber, topicName } from '../../shared/parameters.ts'
import { OFFERS } from '../media-types.ts'
import { reply, type V2Route, type V2UseCases } from '../route.ts'
import { partitionSchema } from '../schemas.ts'
import { commitSchema, committedSchema, partitionListSchema } from './schemas.ts'
import {
  BODY,
  byTopic,
  CONSUMERS_TAG,
  done,
  INSTANCE_PATH,
  instanceErrors,
  instanceParameters,
  namesIn,
  PERMISSION
} from './shared.ts'

const readCommit = jsonBody(commitSchema)
const readPartitions = jsonBody(partitionListSchema)
const path = `${INSTANCE_PATH}/offsets`
const topicErrors = ['NOT_PERMITTED', 'INTERNAL_TOPIC', 'TOPIC_NOT_FOUND', 'PARTITION_NOT_FOUND'] as const
const partitionList = named('PartitionList', partitionListSchema)
const onePartition = { one: { summary: 'One partition', value: { partitions: [{ topic: TOPIC, partition: 0 }] } } }

export const commitOffsets: V2Route = {
  method: 'POST',
  path,
  permission: PERMISSION,
  body: BODY,
  offers: OFFERS,
  audit: 'commit',
  operation: {
    id: 'commitOffsets',
    tag: CONSUMERS_TAG,
    summary: 'Commit offsets.',
    description:
      'Without offsets, exactly what polls have returned. An instance in the manner of Confluent names the last record that it has done with, one in the manner of Strimzi the next; its answer is 204 then. With `async=true` nothing is waited for.',
    parameters: [
      ...instanceParameters,
      {
        name: 'async',
        description: '`true` does not wait for the commit; anything else does.',
        schema: { type: 'string' },
        examples: { wait: { summary: 'Waits', value: 'false' } }
      }
    ],
    body: {
      required: false,
      description: 'What to commit.',
      schema: named('Commit', commitSchema),
      examples: { one: { summary: 'One partition', value: { offsets: [{ topic: TOPIC, partition: 0, offset: 7 }] } } }
    },
    answers: {
      200: {
        description: 'It is committed.',
        schema: { type: 'array', maxItems: 0 },
        examples: { committed: { summary: 'An empty list', value: [] } }
      },
      204: { description: 'The same, for an instance in the manner of Strimzi.' }
    },
    errors: [...bodyErrors, ...instanceErrors, ...topicErrors, 'INVALID_INSTANCE']
  },
  async handle(call, { consumers, warnings }, type) {
    const { offsets } = await readCommit(await call.body())
    const given = offsets?.map(({ topic, partition, offset, metadata }): OffsetToCommit => ({
      topic: topicName(topic),
      partition: Number(partition),
      offset: Number(offset),
      metadata: metadata ?? ''
    }))
    const operation = call.begin()
    const names = namesIn(call)
    const commit = () => consumers.commit(operation, ...names, given ?? null)
    if (call.query.get('async') !== 'true') return committed(await commit(), type)
    const settings = await consumers.settings(operation, ...names)
    commit().catch((error: unknown) => {
      warnings.warn('commit', { cause: String(error) }, 'A commit that nobody waited for failed')
    })
    return committed(settings, type)
  }
}

function committed({ dialect }: InstanceSettings, type: string) {
  return dialect === 'confluent' ? reply(200, [], type) : done()
}

const answers = {
  200: {
    description: 'The next offsets of those for which something was committed.',
    schema: committedSchema,
    examples: {
      one: { summary: 'One partition', value: { offsets: [{ topic: TOPIC, partition: 0, offset: 8, metadata: '' }] } }
    }
  }
}

export const getOffsets: V2Route = {
  method: 'GET',
  path,
  permission: PERMISSION,
  body: BODY,
  offers: OFFERS,
  audit: 'get_committed',
  operation: {
    id: 'getCommitted',
    tag: CONSUMERS_TAG,
    summary: 'Tell what is committed for a partition.',
    description: 'Clients of Confluent name partitions in the body of this GET; that is read if the query names none.',
    parameters: [
      ...instanceParameters,
      {
        name: 'topic',
        description: 'Its topic.',
        schema: { type: 'string' },
        examples: { topic: { summary: 'A topic', value: TOPIC } }
      },
      {
        name: 'partition',
        description: 'Its number; 0 when left out.',
        schema: partitionSchema,
        examples: { first: { summary: 'The first partition', value: 0 } }
      }
    ],
    answers,
    errors: [...bodyErrors, ...instanceErrors, ...topicErrors, 'INVALID_PARTITION']
  },
  async handle(call, useCases, type) {
    const topic = call.query.get('topic')
    if (topic === null) return readCommitted(call, useCases, type)
    const partition = partitionNumber(call.query.get('partition') ?? '0')
    return answer(call, useCases, type, new Map([[topicName(topic), [partition]]]))
  }
}

export const postCommitted: V2Route = {
  method: 'POST',
  path: `${path}/committed`,
  permission: PERMISSION,
  body: BODY,
  offers: OFFERS,
  audit: 'get_committed',
  operation: {
    id: 'postCommitted',
    tag: CONSUMERS_TAG,
    summary: 'Tell what is committed for partitions.',
    description: 'For clients that cannot send a body with GET.',
    parameters: instanceParameters,
    body: { required: true, description: 'Which ones.', schema: partitionList, examples: onePartition },
    answers,
    errors: [...bodyErrors, ...instanceErrors, ...topicErrors]
  },
  handle: readCommitted
}

async function readCommitted(call: HttpCall, useCases: V2UseCases, type: string) {
  const body = await call.body()
  if (body.bytes.length === 0) {
    body.release()
    throw new GatewayError('PARTITION_NOT_FOUND', 'Neither the query nor the body names a partition.')
  }
  const { partitions } = await readPartitions(body)
  for (const { topic } of partitions) topicName(topic)
  return answer(call, useCases, type, byTopic(partitions))
}

async function answer(
  call: HttpCall,
  { consumers }: V2UseCases,
  type: string,
  partitions: ReadonlyMap<string, readonly number[]>
) {
  const offsets: CommittedOffset[] = await consumers.committed(call.begin(), ...namesIn(call), partitions)
  return reply(200, { offsets }, type)
}
