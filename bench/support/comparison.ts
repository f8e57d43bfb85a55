import type { Sample } from './result.ts'
import { spreadOf, type Spread } from './statistics.ts'

/** A difference below this share is not reported, however steady it is. */
const LEAST_DIFFERENCE = 0.03
/** Of tail latencies, which a busy machine shifts more than rates. */
const LEAST_DIFFERENCE_OF_P99 = 0.1
/** With fewer, all rounds on one side happen too often by chance. */
const FEWEST_ROUNDS = 5

/** `unclear`: the median differs, but the rounds disagree, or are too few. */
type Verdict = 'worse' | 'better' | 'same' | 'unclear'

/** One quantity of one contestant: this build by the other, round by round. */
export interface Compared {
  readonly contestant: string
  readonly of: string
  readonly ratio: Spread
  readonly verdict: Verdict
}

interface Quantity {
  readonly of: string
  readonly moreIsBetter: boolean
  readonly least: number
  readonly value: (sample: Sample) => number | undefined
}

const SERVER_TIME: Quantity = {
  of: 'server µs',
  moreIsBetter: false,
  least: LEAST_DIFFERENCE,
  value: sample => sample.gatewayCpuUs
}
const P99: Quantity = {
  of: 'p99',
  moreIsBetter: false,
  least: LEAST_DIFFERENCE_OF_P99,
  value: sample => sample.p99Ms
}

/**
 * Compares two builds by the samples that were taken in the same turn. A build is worse if every round says so and the median
 * differs by more than noise: with five rounds chance alone does that once in 32 times, so measure again what is worse.
 */
export function compare(
  { unit, lessIsBetter }: { readonly unit: string; readonly lessIsBetter?: true },
  own: readonly Sample[],
  others: readonly Sample[]
): Compared[] {
  const rate = { of: unit, moreIsBetter: lessIsBetter !== true, least: LEAST_DIFFERENCE, value: rateOf }
  const contestants = [...new Set(own.map(({ contestant }) => contestant))]
  return contestants.flatMap(contestant =>
    [rate, SERVER_TIME, P99].flatMap((quantity): Compared[] => {
      const ratios = own.flatMap((sample, at) => {
        const ratio = (quantity.value(sample) ?? Number.NaN) / (quantity.value(others[at]) ?? Number.NaN)
        return sample.contestant === contestant && Number.isFinite(ratio) ? [ratio] : []
      })
      if (ratios.length === 0) return []
      return [{ contestant, of: quantity.of, ratio: spreadOf(ratios), verdict: verdictOf(quantity, ratios) }]
    })
  )
}

const rateOf = ({ rate }: Sample) => rate

function verdictOf({ moreIsBetter, least }: Quantity, ratios: readonly number[]): Verdict {
  const { median, lowest, highest } = spreadOf(ratios)
  if (Math.abs(median - 1) <= least) return 'same'
  if (ratios.length < FEWEST_ROUNDS) return 'unclear'
  if (lowest > 1) return moreIsBetter ? 'better' : 'worse'
  if (highest < 1) return moreIsBetter ? 'worse' : 'better'
  return 'unclear'
}

const MARKS: Readonly<Record<Verdict, string>> = {
  worse: '**worse**',
  better: '**better**',
  same: '',
  unclear: 'unclear'
}

/** A Markdown table of a row, with the medians of the ratios and their spread. */
export function comparisonTable(title: string, all: readonly Compared[]): string {
  const lines = all.map(({ contestant, of, ratio, verdict }) => {
    const { median, lowest, highest } = ratio
    const cells = [contestant, of, median.toFixed(3), `${lowest.toFixed(3)}–${highest.toFixed(3)}`]
    return `| ${[...cells, MARKS[verdict]].join(' | ')} |`
  })
  return [
    `## ${title}\n`,
    '| | | this by the other, median | lowest–highest | |',
    '| --- | --- | --- | --- | --- |',
    ...lines
  ].join('\n')
}
