/** What one run of one contestant measured. */
export interface Sample {
  readonly contestant: string
  /** In the row's unit; the larger the better, but for rows about sizes. */
  readonly rate: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  readonly p999Ms?: number
  /** Processor time by record (by request where a request is a record). */
  readonly gatewayCpuUs?: number
  readonly brokerCpuUs?: number
  readonly clientCpuUs?: number
}

/** A promise of a row: how one contestant compares with another, both of the same round. */
export interface Aim {
  readonly text: string
  readonly contestant: string
  /** Undefined where the number itself is the aim. */
  readonly against?: string
  /** `size`: what stands in the place of the rate is the better the smaller it is. */
  readonly of: 'rate' | 'size' | 'p99Ms'
  /** At least (rates) or at most (sizes and times) so many times the other's, and for times so many milliseconds on top. */
  readonly factor: number
  readonly plusMs?: number
}
