import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** A request without its body: Node's own, or one from the direct path. */
export interface HttpRequest {
  readonly method?: string | undefined
  /** The request target as sent. */
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly headers: IncomingHttpHeaders
  /** The whole body has arrived. */
  readonly complete: boolean
}

/** What sends an answer: Node's own response, or a {@link DirectResponse}. */
export interface HttpResponse {
  readonly statusCode: number
  readonly headersSent: boolean
  /** The kernel has taken the whole answer. */
  readonly writableFinished: boolean
  /** Bytes that wait behind another answer on this connection. */
  readonly writableLength: number
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown
  end(): unknown
  end(body: Buffer): unknown
  end(body: string, encoding: 'latin1'): unknown
  /** Ends with a body that has `frontBytes` of writable memory in front of it, so that head and body can leave in one piece. */
  endBehind?(frontBytes: number, body: Buffer): unknown
  /** Calls back once the answer is written to the socket. Missing if that happens at its end. */
  whenWritten?(callback: () => void): void
  destroy(): unknown
  once(event: 'close', callback: () => void): unknown
  prependOnceListener(event: 'finish', callback: () => void): unknown
}

/** A connection that a client asks to be turned into a WebSocket. */
export interface Upgrade {
  readonly socket: Socket
  /** What came behind the request. */
  readonly head: Buffer
  /** Of the route that is meant: the handshake is a GET, whatever its messages do. */
  readonly method: string
}

/** A body that may still be arriving, with Node's own request and response. */
export interface BodyStream {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The client waits for status 100 before it sends its body. */
  readonly expectsContinue: boolean
  /** The client asks for a WebSocket. */
  readonly upgrade?: Upgrade
}

/** A buffer if the whole body has arrived with its head. */
export type RequestBody = Buffer | BodyStream
