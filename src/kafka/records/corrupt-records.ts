/** Stored bytes that are no records, or not those that were written. `message` is for anybody, `detail` for the log. */
export class CorruptRecords extends Error {
  override readonly name = 'CorruptRecords'
  readonly detail: string

  constructor(message: string, detail: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.detail = detail
  }
}
