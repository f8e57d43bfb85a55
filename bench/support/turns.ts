import type { Sample } from './result.ts'

/** One side of a measurement: what runs a row's rounds, on what. `B` is the bench. */
export interface Side<B> {
  readonly bench: B
  readonly row: {
    round(bench: B): AsyncIterable<Sample>
    prepare?(bench: B): Promise<void>
    close?(): void | Promise<void>
  }
}

/**
 * Measures the sides in turns, one contestant at a time, so that samples that are compared are taken seconds apart. Which side
 * goes first changes with each contestant: what the first run of a pair leaves behind favours neither. Returns the samples
 * by side; those with the same index belong to the same contestant and round.
 */
export async function measureInTurns<B>(
  sides: readonly Side<B>[],
  rounds: number,
  onSample: (sample: Sample, side: number) => void
): Promise<Sample[][]> {
  const samples = sides.map((): Sample[] => [])
  try {
    for (const { row, bench } of sides) await row.prepare?.(bench)
    for (let round = 0; round < rounds; round++) {
      const running = sides.map(({ row, bench }) => row.round(bench)[Symbol.asyncIterator]())
      for (let step = round; await nextOfEach(running, step, samples, onSample); step++);
    }
  } finally {
    for (const { row } of sides) await row.close?.()
  }
  return samples
}

/** Returns whether every side had one more contestant. Throws if only some had. */
async function nextOfEach(
  running: readonly AsyncIterator<Sample>[],
  first: number,
  samples: readonly Sample[][],
  onSample: (sample: Sample, side: number) => void
): Promise<boolean> {
  const taken = new Set<string | undefined>()
  for (let turn = 0; turn < running.length; turn++) {
    const side = (first + turn) % running.length
    const next = await running[side].next()
    taken.add(next.done === true ? undefined : next.value.contestant)
    if (next.done === true) continue
    samples[side].push(next.value)
    onSample(next.value, side)
  }
  if (taken.size > 1) throw new Error(`The builds were not measured at the same: ${[...taken].join(', ')}`)
  return !taken.has(undefined)
}
