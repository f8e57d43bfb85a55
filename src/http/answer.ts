import type { GatewayError } from '../core/errors.ts'
import type { BodyFlow, MessageTaker } from './call.ts'

/** An answer whose whole body exists before the first byte is sent. */
export interface Reply {
  readonly status: number
  readonly body: Buffer
  /** Added to the headers of every answer. A `Content-Type` here replaces JSON. */
  readonly headers?: Readonly<Record<string, string>>
  /** Code of the error that the body describes. */
  readonly code?: string | undefined
  /** The byte budget already counts these bytes, until the exchange ends. */
  readonly counted?: boolean
  /** Called once the client has taken the body: its memory may then be used again. */
  readonly recycle?: (body: Buffer) => void
  /** Called once when the answer is over. `isWhole`: its last byte was handed over, as far as this process can tell. */
  readonly ended?: (isWhole: boolean) => void
  /** Bytes of writable memory in front of the body, so that head and body can leave in one piece. */
  readonly frontBytes?: number
  /** The body is encoded as the client accepts it, and the headers name the coding: it is sent as it is. */
  readonly coded?: boolean
}

/** An answer that is written while its client reads it: the head leaves at once, then `run` writes the body. */
export interface StreamReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>> & { readonly 'Content-Type': string }
  /**
   * Writes the body. The answer ends when this resolves, with the error that it ends with, if any. If it rejects, the
   * connection is cut off, so that the client can tell that the body is incomplete. Must end soon after
   * {@link HttpCall.signal} is aborted.
   */
  run(sink: Sink): Promise<GatewayError | void>
}

/** An answer after which client and handler exchange messages over a WebSocket. */
export interface SocketReply {
  readonly status: 101
  /** Longest message of the client. */
  readonly messageBytes: number
  /** Talks with the client. Ends as {@link StreamReply.run} does. */
  talk(channel: Channel): Promise<GatewayError | void>
}

export type Answer = Reply | StreamReply | SocketReply

/** What a handler sends over a WebSocket, and receives. */
export interface Channel {
  /**
   * Sends a message. A promise means that the client is behind: await it before you send more. Throws or rejects with ClientGone
   * if the client has left.
   */
  send(text: Buffer): void | Promise<void>
  /** Passes on what the client sends. Call it once. */
  receive(taker: MessageTaker): BodyFlow
}

/** Where a stream writes its body. */
export interface Sink {
  /**
   * Sends bytes. A promise means that the client is behind: await it before you write more. Rejects with ClientGone if the
   * client leaves.
   */
  write(bytes: Buffer, lent?: Lent): void | Promise<void>
}

/** Memory that is used again when it was sent. It may be lent to many sinks, each of which is to send the same bytes. */
export interface Lent {
  /** Writable memory in front of the bytes and behind them, so that their frame can leave with them. */
  readonly frontBytes: number
  readonly backBytes: number
  /** Called once by each sink, when it no longer needs the bytes. */
  readonly taken: () => void
}

export function isWhole(answer: Answer): answer is Reply {
  return 'body' in answer
}

export function jsonReply(status: number, value: unknown): Reply {
  return { status, body: Buffer.from(JSON.stringify(value)) }
}
