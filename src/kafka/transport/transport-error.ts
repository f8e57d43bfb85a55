/** A request to a broker that got no answer. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  /** False only where certainly no byte of the request has left. */
  readonly sent: boolean

  constructor(message: string, sent: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.sent = sent
  }
}

/** The innermost message: the client library wraps the interesting error. */
export function causeText(error: unknown): string {
  const texts: string[] = []
  for (let at: unknown = error; at instanceof Error && texts.length < 4; at = at.cause) texts.push(at.message)
  return texts.length > 0 ? texts.join(': ') : String(error)
}
