import type { Deadline } from '../../core/deadline.ts'
import { within } from '../../core/lib/within.ts'
import { Pause } from '../records/decode-batches.ts'
import type { LargeBatch, OpenedBatch } from '../records/large-batch.ts'
import type { PageBuilder } from '../records/page-builder.ts'
import type { BatchCache, LogIdentity } from './batch-cache.ts'
import { takeKept, type Progress } from './fill-page.ts'

/** The deadline passed; ends the page, and never leaves this folder. */
export class DeadlinePassed extends Error {}
export const late = () => new DeadlinePassed()

/** Who waits for a turn. */
const waiting: (() => void)[] = []

/**
 * Resolves in a turn of the event loop that no other reader has: answers for many of them may arrive at once, and each would take
 * a few milliseconds before the loop looks at anything else.
 */
function nextTurn(): Promise<void> {
  return new Promise(resolve => {
    if (waiting.push(resolve) === 1) setImmediate(giveTurn)
  })
}

function giveTurn(): void {
  waiting.shift()?.()
  if (waiting.length > 0) setImmediate(giveTurn)
}

/** Begins the next turn, in which the page may look at more; returns false if it may not. Throws DeadlinePassed. */
async function beginTurn(page: PageBuilder, deadline: Deadline): Promise<boolean> {
  page.own()
  if (page.hasScanned) return false
  if (deadline.passed) throw new DeadlinePassed()
  await nextTurn()
  page.beginTurn()
  return true
}

/** As {@link takeKept}, in as many turns as it takes. */
export async function takeKeptInTurns(
  kept: BatchCache,
  log: LogIdentity,
  page: PageBuilder,
  deadline: Deadline
): Promise<boolean> {
  while (page.turnBytes <= 0) {
    if (!(await beginTurn(page, deadline))) return false
    if (takeKept(kept, log, page)) return true
  }
  return false
}

/** Goes on with an answer where it stopped, until nothing stops it. Throws DeadlinePassed. */
export async function absorbRest(
  stopped: LargeBatch | Pause,
  page: PageBuilder,
  deadline: Deadline,
  goOn: (from: OpenedBatch | Pause) => Progress | LargeBatch | Pause
): Promise<Progress> {
  let progress: Progress | LargeBatch | Pause = stopped
  while (typeof progress === 'object') {
    if (!(progress instanceof Pause)) progress = goOn(await openedIn(progress, deadline))
    else if (await beginTurn(page, deadline)) progress = goOn(progress)
    else {
      page.rest = progress.batch
      return 'more'
    }
  }
  return progress
}

async function openedIn(batch: LargeBatch, deadline: Deadline): Promise<OpenedBatch> {
  const opened = await within(deadline, batch.open(deadline), late)
  if (opened === undefined) throw new DeadlinePassed()
  return opened
}
