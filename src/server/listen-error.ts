/** A listener could not be opened. The cause is what the system said. */
export class ListenError extends Error {
  /** Section of the configuration that its host and port come from. */
  readonly section: 'listen' | 'management'

  constructor(section: 'listen' | 'management', cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.section = section
  }
}
