/** What a client was told about one record of one attempt. */
export interface Entry {
  /** Unique in the test: a record that is sent again has another. */
  readonly value: string
  readonly key: string | null
  readonly writer: number
  /** Of the request, counted by its writer. */
  readonly request: number
  readonly fate: 'stored' | 'no' | 'unknown'
  /** Where it was said to be stored. */
  readonly partition: number
  readonly offset: number
  /** `performance.now()` */
  readonly sentAtMs: number
  readonly answeredAtMs: number
}

/** Everything that the writers of a test sent, and what they were answered. */
export class Ledger {
  readonly entries: Entry[] = []
  /** Requests that ended without knowledge of some record. */
  unknownRequests = 0
  /** Answers by status; 0: the connection ended without one. */
  readonly answers = new Map<number, number>()
  /** What no writer should have been answered. */
  readonly surprises: string[] = []
  longestMs = 0

  count(status: number, tookMs: number): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1)
    this.longestMs = Math.max(this.longestMs, tookMs)
  }

  withFate(fate: Entry['fate']): number {
    return this.entries.filter(entry => entry.fate === fate).length
  }
}
