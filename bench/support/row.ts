import type { Bench } from './bench.ts'
import type { Aim, Sample } from './result.ts'

export interface Row {
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly aims: readonly Aim[]
  /** Set if the row measures times or sizes, which its samples carry as their rate. */
  readonly lessIsBetter?: true
  /**
   * Measures each contestant once. A sample is yielded as soon as it is taken, so that two builds can be measured in turns,
   * one contestant at a time.
   */
  round(bench: Bench): AsyncIterable<Sample>
  /** Runs once, before the rounds. */
  prepare?(bench: Bench): Promise<void>
  /** Ends what the row started. */
  close?(): void | Promise<void>
}
