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

/** An error and its causes in one line. Where a name has several addresses, Node's own text is empty: each tells of itself. */
export function causeText(error: unknown): string {
  const texts: string[] = []
  for (let at: unknown = error; at instanceof Error && texts.length < 4; at = at.cause)
    texts.push(at instanceof AggregateError ? at.errors.map(causeText).join(', ') : at.message)
  return texts.length > 0 ? texts.join(': ') : String(error)
}
