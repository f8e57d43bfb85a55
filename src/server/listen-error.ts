/** A listener could not be opened. The cause is the system's error. */
export class ListenError extends Error {
  /** The configuration section that host and port come from. */
  readonly section: 'listen' | 'management'

  constructor(section: 'listen' | 'management', cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.section = section
  }
}
