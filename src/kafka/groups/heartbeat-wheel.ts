import { performance } from 'node:perf_hooks'

/** Something that is due now and then. */
export interface WheelTask {
  /** Called when it is due. Returns after how many milliseconds it is due again; null takes it off the wheel. */
  due(): number | null
}

const TICK_MS = 250
const SLOTS = 512

interface Scheduled {
  readonly task: WheelTask
  atMs: number
}

/**
 * Calls many tasks at their times with one timer, which runs only while there are any. A task is due up to one tick late.
 * Ten thousand of them cost a tick no more than those that are due.
 */
export class HeartbeatWheel {
  readonly #slots: Scheduled[][] = Array.from({ length: SLOTS }, () => [])
  #count = 0
  #timer: NodeJS.Timeout | undefined
  /** The tick that was looked at last. */
  #tick = 0

  /** A task may be on the wheel once; it leaves by what it returns. */
  add(task: WheelTask, delayMs: number): void {
    if (this.#count++ === 0) {
      this.#tick = tickOf(performance.now())
      this.#timer = setInterval(() => this.#turn(), TICK_MS).unref()
    }
    this.#place({ task, atMs: performance.now() + delayMs })
  }

  /** Takes all off the wheel. */
  close(): void {
    clearInterval(this.#timer)
    this.#count = 0
    for (const slot of this.#slots) slot.length = 0
  }

  #place(scheduled: Scheduled): void {
    const tick = Math.max(tickOf(scheduled.atMs), this.#tick + 1)
    this.#slots[tick % SLOTS].push(scheduled)
  }

  #turn(): void {
    const nowMs = performance.now()
    const until = tickOf(nowMs)
    // After a stall each slot is looked at once.
    for (let tick = Math.max(this.#tick + 1, until - SLOTS + 1); tick <= until; tick++) {
      this.#tick = tick
      const slot = tick % SLOTS
      const scheduled = this.#slots[slot]
      if (scheduled.length === 0) continue
      this.#slots[slot] = []
      for (const each of scheduled) this.#look(each, nowMs)
    }
    if (this.#count === 0) clearInterval(this.#timer)
  }

  /** Due more than one turn of the wheel from now, it stays in its slot. */
  #look(scheduled: Scheduled, nowMs: number): void {
    if (scheduled.atMs <= nowMs) {
      const delayMs = scheduled.task.due()
      if (delayMs === null) {
        this.#count--
        return
      }
      scheduled.atMs = nowMs + delayMs
    }
    this.#place(scheduled)
  }
}

/** Rounded up, so that nothing is due before its time. */
function tickOf(atMs: number): number {
  return Math.ceil(atMs / TICK_MS)
}
