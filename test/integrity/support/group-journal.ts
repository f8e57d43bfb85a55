import type { CommitSeen, Overlap, Problem, Run } from './deliveries.ts'

/** A record as v2 shows it. */
export interface GivenRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly value: string
}

/** What the members of one group were given, told, and seen to have committed. */
export class GroupJournal {
  readonly group: string
  /** By place: topic, life and partition. */
  readonly runs = new Map<string, Run[]>()
  readonly commits = new Map<string, CommitSeen[]>()
  readonly overlaps: Overlap[] = []
  readonly problems: Problem[] = []
  readonly counts = new Map<string, number>()
  readonly #reached = new Map<string, number>()

  constructor(group: string) {
    this.group = group
  }

  /** Takes an answer to a poll down: each partition's records must follow each other. */
  given(member: string, records: readonly GivenRecord[], askedMs: number, answeredMs: number): void {
    this.count('polls with records')
    const open = new Map<string, { from: number; to: number; last: number }>()
    for (const { topic, partition, offset, value } of records) {
      const [life, number] = value.split(':').map(Number)
      const place = placeOf(topic, life, partition)
      const run = open.get(place)
      if (run === undefined) open.set(place, { from: offset, to: offset + 1, last: number })
      else {
        if (offset !== run.to || number <= run.last)
          this.problem(
            `${member} was given ${value} at ${offset} of ${place} behind ${run.last} at ${run.to - 1}`,
            answeredMs
          )
        run.to = offset + 1
        run.last = number
      }
      if (number < offset) this.problem(`${member} was given ${value} at ${offset} of ${place}`, answeredMs)
    }
    for (const [place, { from, to }] of open) this.add(place, { member, from, to, askedMs, answeredMs })
  }

  add(place: string, run: Run): void {
    this.#reached.set(place, Math.max(this.reached(place), run.to))
    const runs = this.runs.get(place)
    if (runs === undefined) this.runs.set(place, [run])
    else runs.push(run)
  }

  sawCommit(place: string, seen: CommitSeen): void {
    const commits = this.commits.get(place)
    if (commits === undefined) this.commits.set(place, [seen])
    else commits.push(seen)
  }

  problem(text: string, atMs: number): void {
    this.problems.push({ atMs, text })
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  /** How far the group is in a partition. */
  reached(place: string): number {
    return this.#reached.get(place) ?? 0
  }
}

export function placeOf(topic: string, life: number, partition: number): string {
  return `${topic}#${life}-${partition}`
}
