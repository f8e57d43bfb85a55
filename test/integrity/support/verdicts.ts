import { type Fault, judge, type Problem } from './deliveries.ts'
import { type GroupJournal, placeOf } from './group-journal.ts'
import type { StoredTopic } from './stored-topic.ts'

/** A group, and the topics that it is owed. */
export interface OwedGroup {
  readonly journal: GroupJournal
  readonly topics: readonly StoredTopic[]
}

export interface GroupProblem extends Problem {
  readonly group: string
}

/** What became of all groups together. */
export interface Verdicts {
  readonly records: number
  readonly polls: number
  /** Calls that another gateway answered than the one before. */
  readonly takeovers: number
  /** Duplicates by the fault that explains them, and those that were given to polls that crossed. */
  readonly again: ReadonlyMap<Fault, number>
  readonly crossed: number
  readonly longestStallMs: number
  readonly problems: readonly GroupProblem[]
}

export function verdictsOf(groups: readonly OwedGroup[], faults: readonly Fault[]): Verdicts {
  let [records, polls, takeovers, crossed, longestStallMs] = [0, 0, 0, 0, 0]
  const again = new Map<Fault, number>()
  const problems: GroupProblem[] = []
  for (const { journal, topics } of groups) {
    const { group, counts, runs, commits, overlaps } = journal
    problems.push(...journal.problems.map(({ atMs, text }) => ({ atMs, text, group })))
    polls += counts.get('polls with records') ?? 0
    takeovers += counts.get('takeovers') ?? 0
    for (const topic of topics)
      for (let partition = 0; partition < topic.partitions; partition++) {
        const place = placeOf(topic.topic, topic.life, partition)
        const owed = { end: topic.end(partition), storedMs: (offset: number) => topic.storedMs(partition, offset) }
        const verdict = judge(runs.get(place) ?? [], owed, faults, commits.get(place) ?? [], overlaps)
        records += verdict.delivered
        crossed += verdict.crossed
        longestStallMs = Math.max(longestStallMs, verdict.longestStallMs)
        for (const [fault, count] of verdict.again) again.set(fault, (again.get(fault) ?? 0) + count)
        problems.push(...verdict.problems.map(({ atMs, text }) => ({ atMs, text: `${place}: ${text}`, group })))
      }
  }
  return { records, polls, takeovers, again, crossed, longestStallMs, problems }
}

/** The figures, in words. */
export function figuresOf(verdicts: Verdicts, faults: readonly Fault[]): string {
  const { records, polls, takeovers, again, crossed, longestStallMs } = verdicts
  const counts = [...again.values()]
  const total = counts.reduce((sum, count) => sum + count, 0)
  const each =
    faults.length === 0 ? '' : `, ${Math.round(total / faults.length)} a fault, ${Math.max(0, ...counts)} at most`
  return [
    `${records} records in ${polls} polls, ${takeovers} takeovers, ${faults.length} faults`,
    `${total} duplicates${each}; ${crossed} more to polls that crossed`,
    `longest stall ${Math.round(longestStallMs)} ms`
  ].join('; ')
}
