import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Deadline } from '../core/deadline.ts'
import { anonymous, type Call, type Principal } from '../core/principal.ts'

const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/** One request and what becomes of it, from the first header to the last byte of the answer. */
export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** From `X-Request-Id` where that is sane, else made; returned always. */
  readonly id: string
  readonly startedMs = performance.now()
  /** The client waits for 100 before it sends its body. */
  readonly expectsContinue: boolean
  principal: Principal = anonymous
  /** Code of the error that was answered, for the log. */
  code: string | undefined
  bytesIn = 0
  bytesOut = 0

  constructor(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) {
    this.request = request
    this.response = response
    this.expectsContinue = expectsContinue
    const given = request.headers['x-request-id']
    this.id = typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID()
  }

  /** What the use cases are handed: the deadline runs from now, when the request is complete. */
  call(requestTimeoutMs: number): Call {
    return { principal: this.principal, deadline: Deadline.after(requestTimeoutMs) }
  }
}

/** A whole answer. */
export interface Reply {
  readonly status: number
  readonly body: Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Code of the error that it tells of. */
  readonly code?: string | undefined
}

export function jsonReply(status: number, value: unknown): Reply {
  return { status, body: Buffer.from(JSON.stringify(value)) }
}
