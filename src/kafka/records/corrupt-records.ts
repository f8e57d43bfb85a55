/** Stored bytes are malformed or changed. `message` may be shown to callers, `detail` is for the log. */
export class CorruptRecords extends Error {
  override readonly name = 'CorruptRecords'
  readonly detail: string

  constructor(message: string, detail: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.detail = detail
  }
}
