/** An answer whose body is there when it begins. */
export interface Reply {
  readonly status: number
  readonly body: Buffer
  /** Besides those of every answer; a `Content-Type` here replaces JSON. */
  readonly headers?: Readonly<Record<string, string>>
  /** Code of the error that it tells. */
  readonly code?: string | undefined
  /** Its bytes are in the byte budget already, until the exchange ends. */
  readonly counted?: boolean
  /** Called once the client has taken the body, whose memory may then hold something else. */
  readonly recycle?: (body: Buffer) => void
  /** So much memory in front of the body is free to be written to, and sent with it in one piece. */
  readonly frontBytes?: number
  /** In the coding that the client accepts: it is sent as it is, and its headers name the coding. */
  readonly coded?: boolean
}

/** An answer that is written while its client reads it. Its head is sent at once; then `run` writes the body. */
export interface StreamReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>> & { readonly 'Content-Type': string }
  /**
   * The answer ends when this resolves. If it rejects, the connection is cut off, so that no client takes the body for
   * whole. Must end soon after {@link HttpCall.signal} is aborted.
   */
  run(sink: Sink): Promise<void>
}

export type Answer = Reply | StreamReply

/** Where a stream writes its body. */
export interface Sink {
  /**
   * Sends bytes. A promise means that the client is behind: wait for it before writing more. It rejects with ClientGone if
   * the client leaves.
   */
  write(bytes: Buffer): void | Promise<void>
}

export function isStream(answer: Answer): answer is StreamReply {
  return 'run' in answer
}

export function jsonReply(status: number, value: unknown): Reply {
  return { status, body: Buffer.from(JSON.stringify(value)) }
}
