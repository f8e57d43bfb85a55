import { spreadOf } from '../support/statistics.ts'
import { ratioOf, type Timing } from './measure.ts'

/** How many times a normal input's time a hostile one may take by the byte. */
export const LIMIT = 3
/** As many of the inputs measured, from the first, are normal. */
const NORMAL = 2

export interface MeasuredInput {
  readonly name: string
  readonly bytes: Buffer
  readonly outcome: string
  readonly timing: Timing
}

export interface HostileResult extends MeasuredInput {
  readonly nsPerByte: number
  /** Of the time by the byte, to that of each normal input. */
  readonly ratios: readonly number[]
  readonly allowed: boolean
}

/**
 * The first two inputs are the normal ones. The dearer of them is the measure: what users send every day must be borne
 * anyway, and whoever means harm would send no less.
 */
export function judge(all: readonly MeasuredInput[]): HostileResult[] {
  const normal = all.slice(0, NORMAL)
  return all.map(each => {
    const ratios = normal.map(
      other => (ratioOf(each.timing, other.timing).median * other.bytes.length) / each.bytes.length
    )
    const nsPerByte = spreadOf(each.timing.turns).median / each.bytes.length
    return { ...each, nsPerByte, ratios, allowed: Math.min(...ratios) <= LIMIT }
  })
}
