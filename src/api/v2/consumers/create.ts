import { GatewayError } from '../../../core/errors.ts'
import type { FromSchema } from '../../../core/json-schema.ts'
import type { CreateSettings } from '../../../gateway/instances/settings.ts'
import { INT32_LIMIT } from '../../../http/limits.ts'
import { named } from '../../../http/openapi/schema.ts'
import { bodyErrors } from '../../shared/descriptions.ts'
import { jsonBody } from '../../shared/json-body.ts'
import { tellIn } from '../errors.ts'
import { OFFERS } from '../media-types.ts'
import type { Dialect } from '../record-form.ts'
import { reply, type V2Route } from '../route.ts'
import { SettingError } from '../setting-error.ts'
import { FETCH_MIN_BYTES_LIMIT, instanceSchema, newInstanceSchema, readableInstanceSchema } from './schemas.ts'
import { BODY, CONSUMERS_TAG, groupParameter, instanceErrors, numberOf, PERMISSION } from './shared.ts'

type NewInstance = FromSchema<typeof readableInstanceSchema>

const readBody = jsonBody(readableInstanceSchema)
const FORMATS = ['binary', 'json', 'text'] as const
const RESETS = ['earliest', 'latest', 'none'] as const
const ISOLATIONS = { read_committed: 'committed', read_uncommitted: 'uncommitted' } as const

export const createInstance: V2Route = {
  method: 'POST',
  path: '/consumers/{group}',
  permission: PERMISSION,
  body: BODY,
  offers: OFFERS,
  audit: 'create_instance',
  operation: {
    id: 'createInstance',
    tag: CONSUMERS_TAG,
    summary: 'Make a consumer instance.',
    description:
      'It belongs to its caller. Any gateway serves it, and it outlives each of them; it ends when it is deleted, or not called for `consumers.instanceTimeoutMs`. Until its group has been rebalanced for the first time, a gateway that crashes takes it along.',
    parameters: [groupParameter],
    body: {
      required: false,
      description: 'What it is to be like. Numbers and booleans may be sent as text.',
      schema: named('NewInstance', newInstanceSchema),
      examples: {
        earliest: {
          summary: 'From the first record on, JSON',
          value: { name: 'billing-1', format: 'json', 'auto.offset.reset': 'earliest' }
        }
      }
    },
    answers: {
      200: {
        description: 'It is there.',
        schema: instanceSchema,
        examples: {
          made: {
            summary: 'Its name and address',
            value: {
              instance_id: 'billing-1',
              base_uri: 'https://kafka.example/consumers/billing/instances/billing-1'
            }
          }
        }
      }
    },
    errors: [...bodyErrors, ...instanceErrors, 'INSTANCE_EXISTS', 'INVALID_INSTANCE']
  },
  async handle(call, { consumers, dialect }, type) {
    const body = await readBody(await call.body())
    const { group } = call.params
    const settings = settingsIn(body, dialect)
    const creating = consumers.create(call.begin(), group, body.id ?? body.name ?? null, settings)
    const name = await creating.catch((error: unknown) => {
      if (error instanceof GatewayError) tellIn(settings.dialect, error)
      throw error
    })
    return reply(200, { instance_id: name, base_uri: `${call.base}/consumers/${group}/instances/${name}` }, type)
  }
}

/** Returns what a body says. Which words it uses tells whose client sent it. Throws INVALID_INSTANCE. */
export function settingsIn(body: NewInstance, configured: Dialect): CreateSettings {
  const confluent = body['auto.commit.enable']
  const strimzi = body['enable.auto.commit']
  if (confluent !== undefined && strimzi !== undefined)
    throw invalid('auto.commit.enable and enable.auto.commit', 'say the same: send one of them')
  const isolation = body['isolation.level']
  const dialect = dialectOf(confluent !== undefined, strimzi !== undefined || isolation !== undefined, configured)
  const format = body.format?.toLowerCase() ?? 'binary'
  const reset = body['auto.offset.reset'] ?? 'latest'
  const waitMs = numberOf(
    body['consumer.request.timeout.ms'] ?? body.requestWaitMs,
    'consumer.request.timeout.ms',
    INT32_LIMIT
  )
  return {
    dialect,
    format: formatNamed(format),
    reset: oneOf(RESETS, reset, 'auto.offset.reset'),
    isolation: ISOLATIONS[oneOf(ISOLATION_NAMES, isolation ?? 'read_committed', 'isolation.level')],
    autoCommit: String(confluent ?? strimzi ?? true) === 'true',
    fetchMinBytes: fetchMinBytesOf(body['fetch.min.bytes'] ?? body.responseMinBytes),
    // Strimzi means something else by it: how long its own client waits for a broker.
    waitMs: dialect === 'confluent' ? (waitMs ?? null) : null
  }
}

const ISOLATION_NAMES = ['read_committed', 'read_uncommitted'] as const

function dialectOf(isConfluent: boolean, isStrimzi: boolean, configured: Dialect): Dialect {
  if (isConfluent) return 'confluent'
  return isStrimzi ? 'strimzi' : configured
}

function formatNamed(given: string): CreateSettings['format'] {
  const found = FORMATS.find(format => format === given)
  if (found !== undefined) return found
  throw new SettingError(`format must be one of ${FORMATS.join(', ')}.`, 'format')
}

/** −1 says the same as nothing: a poll returns with whatever there is. */
function fetchMinBytesOf(given: number | string = -1): number {
  const bytes = Number(given)
  if (bytes >= -1 && bytes <= FETCH_MIN_BYTES_LIMIT) return Math.max(bytes, 0)
  throw new SettingError(`fetch.min.bytes must be from -1 to ${FETCH_MIN_BYTES_LIMIT}.`, 'constraint')
}

function oneOf<const T extends string>(values: readonly T[], given: string, what: string): T {
  const found = values.find(value => value === given)
  if (found !== undefined) return found
  throw invalid(what, `must be one of ${values.join(', ')}`)
}

function invalid(what: string, why: string): GatewayError {
  return new GatewayError('INVALID_INSTANCE', `${what} ${why}.`)
}
