import { GatewayError } from '../../../core/errors.ts'
import type { SoughtPlace } from '../../../gateway/instances/offsets.ts'
import { named } from '../../../http/openapi/schema.ts'
import { TOPIC, bodyErrors } from '../../shared/descriptions.ts'
import { jsonBody } from '../../shared/json-body.ts'
import { topicName } from '../../shared/parameters.ts'
import { OFFERS } from '../media-types.ts'
import { type V2Route } from '../route.ts'
import { describedPositionsSchema, partitionListSchema, positionsSchema, TIME_PATTERN } from './schemas.ts'
import {
  BODY,
  CONSUMERS_TAG,
  done,
  INSTANCE_PATH,
  instanceErrors,
  instanceParameters,
  namesIn,
  PERMISSION
} from './shared.ts'

const readPositions = jsonBody(positionsSchema)
const readPartitions = jsonBody(partitionListSchema)
const path = `${INSTANCE_PATH}/positions`
const description = 'Takes effect at once: also for a poll that waits.'
const errors = [
  ...bodyErrors,
  ...instanceErrors,
  'NOT_PERMITTED',
  'TOPIC_NOT_FOUND',
  'NOT_ASSIGNED',
  'LEADER_NOT_AVAILABLE'
] as const
const answers = { 204: { description: 'The next poll begins there.' } }

export const seek: V2Route = {
  method: 'POST',
  path,
  permission: PERMISSION,
  body: BODY,
  offers: OFFERS,
  audit: 'seek',
  operation: {
    id: 'seek',
    tag: CONSUMERS_TAG,
    summary: 'Go on at other offsets, or times.',
    description: `${description} A time after the last record is the end.`,
    parameters: instanceParameters,
    body: {
      required: false,
      description: 'Partitions of the instance, and where to go on in each.',
      schema: named('Positions', describedPositionsSchema),
      examples: {
        offset: { summary: 'An offset', value: { offsets: [{ topic: TOPIC, partition: 0, offset: 7 }] } },
        time: {
          summary: 'A time',
          value: { timestamps: [{ topic: TOPIC, partition: 0, timestamp: '2020-10-30T19:39:45Z' }] }
        }
      }
    },
    answers,
    errors
  },
  async handle(call, { consumers }) {
    const { offsets = [], timestamps = [] } = await readPositions(await call.body())
    const places: SoughtPlace[] = [
      ...offsets.map(({ topic, partition, offset }) => ({
        topic: topicName(topic),
        partition: Number(partition),
        to: Number(offset)
      })),
      ...timestamps.map(({ topic, partition, timestamp }) => ({
        topic: topicName(topic),
        partition: Number(partition),
        to: { sinceMs: millisecondsOf(timestamp) }
      }))
    ]
    await consumers.seek(call.begin(), ...namesIn(call), places)
    return done()
  }
}

export const seekToBeginning = seekTo('beginning', 'earliest', 'seekToBeginning', 'Go on at the first records.')
export const seekToEnd = seekTo('end', 'latest', 'seekToEnd', 'Go on behind the last records.')

function seekTo(last: string, to: 'earliest' | 'latest', id: string, summary: string): V2Route {
  return {
    method: 'POST',
    path: `${path}/${last}`,
    permission: PERMISSION,
    body: BODY,
    offers: OFFERS,
    audit: 'seek',
    operation: {
      id,
      tag: CONSUMERS_TAG,
      summary,
      description,
      parameters: instanceParameters,
      body: {
        required: true,
        description: 'Partitions of the instance.',
        schema: named('PartitionList', partitionListSchema),
        examples: { one: { summary: 'One partition', value: { partitions: [{ topic: TOPIC, partition: 0 }] } } }
      },
      answers,
      errors
    },
    async handle(call, { consumers }) {
      const { partitions } = await readPartitions(await call.body())
      const places = partitions.map(({ topic, partition }) => ({
        topic: topicName(topic),
        partition: Number(partition),
        to
      }))
      await consumers.seek(call.begin(), ...namesIn(call), places)
      return done()
    }
  }
}

const TIME = new RegExp(TIME_PATTERN)

/** Throws INVALID_BODY for what is no time, and for one before 1970. */
function millisecondsOf(timestamp: string): number {
  const sinceMs = TIME.test(timestamp) ? Date.parse(timestamp) : Number.NaN
  if (sinceMs >= 0) return sinceMs
  throw new GatewayError(
    'INVALID_BODY',
    `timestamp must be a time in RFC 3339 from 1970 on, such as 2020-10-30T19:39:45Z.`
  )
}
