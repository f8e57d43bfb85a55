import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** What is known of a request before its body: Node's own, or one that was read whole. */
export interface HttpRequest {
  readonly method?: string | undefined
  /** The request target as sent. */
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly headers: IncomingHttpHeaders
  /** Nothing of the body is still to come. */
  readonly complete: boolean
}

/** What an answer needs of the way to its client: Node's own, or {@link DirectResponse}. */
export interface HttpResponse {
  readonly statusCode: number
  readonly headersSent: boolean
  /** The kernel has taken all of it. */
  readonly writableFinished: boolean
  /** Bytes that wait here, behind another answer. */
  readonly writableLength: number
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown
  end(): unknown
  end(body: Buffer): unknown
  end(body: string, encoding: 'latin1'): unknown
  /** The same with so much free memory in front of the body, where head and body can leave in one piece. */
  endBehind?(frontBytes: number, body: Buffer): unknown
  /** Calls when the answer is written to the socket, where that may be later than its end. */
  whenWritten?(callback: () => void): void
  destroy(): unknown
  once(event: 'close', callback: () => void): unknown
  prependOnceListener(event: 'finish', callback: () => void): unknown
}

/** A body that is still to come, and what else only Node's own objects can do. */
export interface BodyStream {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The client waits for 100 before it sends its body. */
  readonly expectsContinue: boolean
}

/** Whole, or as it comes. */
export type RequestBody = Buffer | BodyStream
