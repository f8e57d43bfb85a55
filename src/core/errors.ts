import { errorCatalogue } from './error-catalogue.ts'
import type { Principal } from './principal.ts'

/** The closed union of codes; a `switch` over it is checked for completeness by the compiler. */
export type ErrorCode = keyof typeof errorCatalogue

export interface GatewayErrorOptions {
  /** Text for the log only; may name brokers and hold Kafka's own words. */
  readonly detail?: string
  readonly cause?: unknown
  /** Members beside the four fixed ones, such as `earliest_offset`. */
  readonly members?: Readonly<Record<string, unknown>>
  /** Response headers that belong to the error, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Overrides the catalogue: a plain retry may be harmful although the cause is passing. */
  readonly retriable?: boolean
  /** Who was refused, for the records. */
  readonly principal?: Principal
  /** The public id of the credential that was refused, for the records. */
  readonly credentialId?: string
  /** The caller may not even see what this error says is not there: a denial, for the records. */
  readonly hides?: boolean
}

/**
 * The only error class that reaches a caller. Whatever else is thrown leaves as INTERNAL_ERROR.
 * `message` is for the caller; `detail` and `cause` are for the log.
 */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly retriable: boolean
  readonly detail: string | undefined
  readonly members: Readonly<Record<string, unknown>> | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly principal: Principal | undefined
  readonly credentialId: string | undefined
  readonly hides: boolean

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retriable = options.retriable ?? errorCatalogue[code].retriable
    this.detail = options.detail
    this.members = options.members
    this.headers = options.headers
    this.principal = options.principal
    this.credentialId = options.credentialId
    this.hides = options.hides ?? false
  }

  /** HTTP status, 400 to 599. */
  get status(): number {
    return errorCatalogue[this.code].status
  }
}
