/** Records of one partition that a member of a group was given together: from one offset up to another, exclusive. */
export interface Run {
  readonly member: string
  readonly from: number
  readonly to: number
  /** When it was asked for, and when it had come: `performance.now()`. */
  readonly askedMs: number
  readonly answeredMs: number
}

/** Something that may bring the last records again. */
export interface Fault {
  readonly what: string
  readonly atMs: number
  /** When it was over. */
  readonly untilMs: number
}

/** A member had given a poll up and made another one while the first was under way, until that was answered. */
export interface Overlap {
  readonly member: string
  readonly atMs: number
  readonly untilMs: number
}

/** What a partition holds when all is over. */
export interface Owed {
  readonly end: number
  /** When the record at this offset had been stored. */
  storedMs(offset: number): number
}

/** An offset that a group had committed at that time. */
export interface CommitSeen {
  readonly offset: number
  readonly atMs: number
}

export interface Problem {
  readonly atMs: number
  readonly text: string
}

export interface Verdict {
  /** Records, each counted once. */
  readonly delivered: number
  /** Deliveries of records that had been delivered before, by the fault that explains them. */
  readonly again: ReadonlyMap<Fault, number>
  /** The same, of what was given while two polls of a member overlapped. */
  readonly crossed: number
  /** The longest time in which the next record was there and nobody was given it. */
  readonly longestStallMs: number
  readonly problems: readonly Problem[]
}

/** What nobody had been given when a later record was given to somebody. */
interface Gap {
  readonly from: number
  readonly to: number
  readonly seenMs: number
}

/** So long after a batch has come its delivery may not be written down: the next call does that. */
const UNWRITTEN_MS = 5000
/** For what was committed to be told by whoever was given it. */
const TELLING_MS = 1000

/**
 * Judges what the members of a group were given of one partition: all of it, in order between two duplicates, again only where
 * a fault explains it, and nothing committed that nobody had. What crossed on the way has no order.
 */
export function judge(
  given: readonly Run[],
  owed: Owed,
  faults: readonly Fault[],
  commits: readonly CommitSeen[],
  overlaps: readonly Overlap[] = []
): Verdict {
  const runs = [...given].sort((one, other) => one.answeredMs - other.answeredMs)
  const problems: Problem[] = []
  const again = new Map<Fault, number>()
  /** Who was given a record first, by its offset. */
  const first: Run[] = []
  const reached: { readonly atMs: number; readonly offset: number }[] = []
  const gaps: Gap[] = []
  let [next, delivered, crossed, longestStallMs, progressMs] = [0, 0, 0, 0, -Infinity]
  for (const run of runs) {
    const { from, to, askedMs, answeredMs, member } = run
    if (from > next) gaps.push({ from: next, to: from, seenMs: answeredMs })
    const repeated = new Map<Run, number[]>()
    for (let offset = from; offset < to; offset++) {
      const before = first[offset]
      if (before !== undefined) {
        const offsets = repeated.get(before)
        if (offsets === undefined) repeated.set(before, [offset])
        else offsets.push(offset)
        continue
      }
      first[offset] = run
      delivered++
      if (offset >= next) continue
      const gap = gaps.find(each => each.from <= offset && offset < each.to)
      if (gap !== undefined && askedMs > gap.seenMs)
        problems.push({ atMs: answeredMs, text: `${member} was given ${offset} after somebody was given ${gap.to}` })
    }
    for (const [before, offsets] of repeated) {
      const { member: owner, askedMs: fromMs, answeredMs: toMs } = before
      if (overlaps.some(each => each.member === owner && each.atMs <= toMs && each.untilMs >= fromMs)) {
        crossed += offsets.length
        continue
      }
      const fault = faults.findLast(
        ({ atMs, untilMs }) =>
          atMs <= answeredMs && untilMs >= before.askedMs && atMs <= before.answeredMs + UNWRITTEN_MS
      )
      if (fault !== undefined) again.set(fault, (again.get(fault) ?? 0) + offsets.length)
      else problems.push({ atMs: answeredMs, text: toldAgain(run, before, offsets) })
    }
    if (to <= next) continue
    if (next < owed.end)
      longestStallMs = Math.max(longestStallMs, answeredMs - Math.max(progressMs, owed.storedMs(next)))
    progressMs = answeredMs
    next = to
    reached.push({ atMs: answeredMs, offset: to })
  }
  if (next < owed.end) gaps.push({ from: next, to: owed.end, seenMs: Infinity })
  for (const { from, to, seenMs } of gaps) {
    const missing = Array.from({ length: to - from }, (_, at) => from + at).filter(
      offset => first[offset] === undefined
    )
    if (missing.length > 0)
      problems.push({ atMs: seenMs, text: `nobody was given ${missing[0]} to ${missing.at(-1)} (${missing.length})` })
  }
  for (const { offset, atMs } of commits) {
    const had = reached.findLast(each => each.atMs <= atMs + TELLING_MS)?.offset ?? 0
    if (offset > had) problems.push({ atMs, text: `${offset} was committed when ${had} had been given` })
  }
  return { delivered, again, crossed, longestStallMs, problems }
}

function toldAgain(run: Run, before: Run, offsets: readonly number[]): string {
  const agoMs = Math.round(run.answeredMs - before.answeredMs)
  return `${run.member} was given ${offsets[0]} to ${offsets.at(-1)} (${offsets.length}) again, ${agoMs} ms after ${before.member}`
}
