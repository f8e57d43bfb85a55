import { type ErrorCode, type GatewayError } from '../core/errors.ts'
import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import type { Log } from '../core/log.ts'

/** Errors that callers can cause as often as they like: one line a minute of each. */
const REPEATED: ReadonlySet<ErrorCode> = new Set([
  'NOT_PERMITTED',
  'KAFKA_UNAVAILABLE',
  'CREDENTIAL_IN_QUERY',
  'TOO_MANY_ATTEMPTS',
  'NO_KAFKA_IDENTITY'
])

/** Logs why requests failed, where the access line does not say it. */
export class Causes {
  readonly #log: Log
  readonly #refusals: RepeatedWarnings

  constructor(log: Log) {
    this.#log = log
    this.#refusals = new RepeatedWarnings(log)
  }

  log(requestId: string, error: GatewayError): void {
    const { code, detail, message } = error
    if (code === 'INTERNAL_ERROR')
      this.#log.error({ requestId, err: error.cause ?? error }, 'A request failed inside the gateway')
    else if (error.status === 401 || REPEATED.has(code)) this.#refusals.warn(code, { requestId, code, detail }, message)
    else if (detail !== undefined) this.#log.warn({ requestId, code, detail }, message)
  }
}
