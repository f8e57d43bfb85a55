import type { Timed } from './measure.ts'

export interface HotFunction extends Timed {
  /** In one run. */
  readonly records: number
  readonly bytes: number
  /** The obvious way to the same end. */
  readonly twin?: Timed
}
