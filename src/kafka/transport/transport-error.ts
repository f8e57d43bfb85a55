/** How many causes of a chain are shown. */
const MOST_CAUSES = 4

/** A request to a broker that got no answer. */
export class TransportError extends Error {
  override readonly name: string = 'TransportError'
  /** False only if certainly no byte of the request was sent. */
  readonly sent: boolean

  constructor(message: string, sent: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.sent = sent
  }
}

/** The broker throttles the connection (KIP-219): it reads nothing from it for `waitMs`, so nothing was sent. */
export class ThrottledError extends TransportError {
  override readonly name = 'ThrottledError'
  readonly waitMs: number

  constructor(message: string, waitMs: number) {
    super(message, false)
    this.waitMs = waitMs
  }
}

/** Returns an error and its causes in one line. Node leaves its own text empty if a name has several addresses: then each tells. */
export function causeText(error: unknown): string {
  const texts: string[] = []
  let at: unknown = error
  for (let depth = 0; at instanceof Error && depth < MOST_CAUSES; depth++) {
    const text = at instanceof AggregateError ? at.errors.map(causeText).join(', ') : at.message
    // A message may quote its cause already.
    if (!texts.at(-1)?.includes(text)) texts.push(text.replace(/\.$/, ''))
    at = at.cause
  }
  return texts.length > 0 ? texts.join(': ') : String(error)
}
