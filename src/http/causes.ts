import { type ErrorCode, type GatewayError } from '../core/errors.ts'
import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import type { Log } from '../core/log.ts'

/** Logged though the error has no detail. */
const TOLD: ReadonlySet<ErrorCode> = new Set([
  'NOT_PERMITTED',
  'KAFKA_UNAVAILABLE',
  'CREDENTIAL_IN_QUERY',
  'TOO_MANY_ATTEMPTS',
  'NO_KAFKA_IDENTITY'
])

/**
 * Logs why requests failed, where the access line does not say it. Callers can cause each error as often as they like: one line
 * a minute of each code, and of each defect; the causes of all others are logged at debug.
 */
export class Causes {
  readonly #log: Log
  readonly #failures: RepeatedWarnings
  readonly #defects: RepeatedWarnings

  constructor(log: Log) {
    this.#log = log
    this.#failures = new RepeatedWarnings(log)
    this.#defects = new RepeatedWarnings(log, undefined, 'error')
  }

  log(requestId: string, error: GatewayError): void {
    const { code, detail, message, status } = error
    if (code === 'INTERNAL_ERROR') {
      const err = error.cause ?? error
      const kind = err instanceof Error ? `${err.name}: ${err.message}` : typeof err
      this.#defects.warn(kind, { requestId, err }, 'A request failed inside the gateway')
    } else if (detail !== undefined || status === 401 || TOLD.has(code)) {
      const fields = { requestId, code, detail }
      if (!this.#failures.warn(code, fields, message)) this.#log.debug(fields, message)
    }
  }
}
