import { GatewayError, type ErrorCode } from '../../core/errors.ts'
import { isStaleMetadata, kafkaCode, kafkaErrorName } from '../codes.ts'
import type { CurrentLeader, FetchResult } from './fetch-message.ts'

/** What keeps a read from going on, for the answer at its deadline. */
export interface Trouble {
  readonly code: ErrorCode
  readonly message: string
  readonly detail: string
  /** Fresh metadata may mend it. */
  readonly stale: boolean
  /** Who leads the partition now, as the broker says that was asked (KIP-951). */
  readonly leader?: CurrentLeader | undefined
}

export const STILL_REMOTE =
  'The records are in remote storage, and Kafka did not bring them in time; go on at NextOffset.'

/** Throws what no retry mends. */
export function troubleOf({ errorCode, currentLeader }: FetchResult, topic: string, partition: number): Trouble {
  const detail = `Fetch of ${topic}-${partition}: ${kafkaErrorName(errorCode)}`
  if (isStaleMetadata(errorCode)) return { ...leaderless(detail), leader: currentLeader }
  const { error } = kafkaCode(errorCode)
  if (error === 'KAFKA_REFUSED')
    throw new GatewayError(error, `Kafka does not let the gateway read topic '${topic}'.`, { detail })
  if (error === 'CORRUPT_DATA') throw new GatewayError(error, 'Kafka finds its own records corrupt.', { detail })
  return unavailable(detail)
}

export function leaderless(detail: string): Trouble {
  return { code: 'LEADER_NOT_AVAILABLE', message: 'The partition has no leader that answers.', detail, stale: true }
}

export function unavailable(detail: string): Trouble {
  return { code: 'KAFKA_UNAVAILABLE', message: 'Kafka does not answer.', detail, stale: true }
}

export function stillRemote(where: string): Trouble {
  return { code: 'DEADLINE_EXCEEDED', message: STILL_REMOTE, detail: `${where} is in remote storage`, stale: false }
}
