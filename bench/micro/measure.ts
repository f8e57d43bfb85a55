import { spreadOf, type Spread } from '../support/statistics.ts'

/** Something whose time is taken: `run` many times a turn. What it returns is kept, so that no compiler may leave the work out. */
export interface Timed {
  readonly name: string
  /** Untimed, before each run: brings back what a run changes. */
  readonly prepare?: () => void
  readonly run: () => unknown
}

export interface Timing {
  readonly name: string
  /** Nanoseconds of one run, turn by turn. */
  readonly turns: readonly number[]
  readonly spread: Spread
}

export interface Effort {
  /** Turns that count; one more comes before them. */
  readonly turns: number
  readonly turnMs: number
  readonly warmUpMs: number
}

const FEWEST_RUNS = 5
let kept: unknown

/** The last thing that a timed function returned. */
export function lastResult(): unknown {
  return kept
}

/**
 * All of them in turns, so that what slows the machine slows them alike. The figure of a turn is its quickest run: what
 * else the machine does can only add to it.
 */
export function measureInTurns(all: readonly Timed[], { turns, turnMs, warmUpMs }: Effort): Timing[] {
  for (const each of all) turnOf(each, warmUpMs)
  const figures = all.map((): number[] => [])
  for (let turn = 0; turn < turns; turn++) {
    for (const [at, each] of all.entries()) figures[at].push(turnOf(each, turnMs))
  }
  return all.map(({ name }, at) => ({ name, turns: figures[at], spread: spreadOf(figures[at]) }))
}

function turnOf({ prepare, run }: Timed, milliseconds: number): number {
  const runs: number[] = []
  const until = performance.now() + milliseconds
  while (runs.length < FEWEST_RUNS || performance.now() < until) {
    prepare?.()
    const begin = performance.now()
    kept = run()
    runs.push((performance.now() - begin) * 1e6)
  }
  return spreadOf(runs).lowest
}

/** Turn by turn, how many times the other's time one takes. */
export function ratioOf(one: Timing, other: Timing): Spread {
  return spreadOf(one.turns.map((value, turn) => value / other.turns[turn]))
}
