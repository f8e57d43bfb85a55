import { spreadOf } from '../support/statistics.ts'
import { ratioOf, type Timing } from './measure.ts'

/** How many times a normal body's time a hostile one may take by the byte. */
export const LIMIT = 3
/** As many of the bodies measured, from the first, are normal. */
const NORMAL = 2

export interface MeasuredBody {
  readonly name: string
  readonly body: Buffer
  readonly outcome: string
  readonly timing: Timing
}

export interface HostileResult extends MeasuredBody {
  readonly nsPerByte: number
  /** Of the time by the byte, to that of each normal body. */
  readonly ratios: readonly number[]
  readonly allowed: boolean
}

/**
 * The first two bodies are the normal ones. The dearer of them is the measure: what users send every day must be borne
 * anyway, and whoever means harm would send no less.
 */
export function judge(all: readonly MeasuredBody[]): HostileResult[] {
  const normal = all.slice(0, NORMAL)
  return all.map(each => {
    const ratios = normal.map(
      other => (ratioOf(each.timing, other.timing).median * other.body.length) / each.body.length
    )
    const nsPerByte = spreadOf(each.timing.turns).median / each.body.length
    return { ...each, nsPerByte, ratios, allowed: Math.min(...ratios) <= LIMIT }
  })
}
