import { performance } from 'node:perf_hooks'
import type { Deadline } from '../deadline.ts'

export interface MergedQuestionsOptions<Answer> {
  /** Answers for several names. A name that is missing, or has an Error, rejects for its callers. */
  ask(names: readonly string[], deadline: Deadline): Promise<ReadonlyMap<string, Answer | Error>>
  /** Minimum time between two questions about one name. */
  readonly gapMs?: number
  /** Returns how long the next request must wait. */
  readonly holdMs?: () => number
  /** Makes the error for callers beyond the limit of waiting names. */
  readonly overloaded: () => Error
}

interface Question<Answer> {
  readonly name: string
  readonly readyAtMs: number
  deadline: Deadline
  readonly outcome: PromiseWithResolvers<Answer>
}

/** The most requests in flight: several, so that a broker that does not answer holds up its own names only. */
const REQUESTS_LIMIT = 4
const NAMES_PER_REQUEST = 1000
const WAITING_LIMIT = 10_000

/**
 * Merges questions about many names into few requests. Questions of one tick go together; while the most requests are in
 * flight, further ones wait for the next. Nobody joins a request that was sent, so an answer is never older than its question.
 */
export class MergedQuestions<Answer> {
  readonly #options: MergedQuestionsOptions<Answer>
  readonly #waiting = new Map<string, Question<Answer>>()
  /** When names were last asked about, for those within the gap. */
  readonly #askedAtMs = new Map<string, number>()
  #underWay = 0
  #timer: NodeJS.Timeout | undefined
  #scheduled = false

  constructor(options: MergedQuestionsOptions<Answer>) {
    this.#options = options
  }

  /** Asks about a name. `deadline` is passed on to `ask`; the promise may settle later. */
  ask(name: string, deadline: Deadline): Promise<Answer> {
    const same = this.#waiting.get(name)
    if (same !== undefined) {
      if (deadline.atMs > same.deadline.atMs) same.deadline = deadline
      return same.outcome.promise
    }
    if (this.#waiting.size >= WAITING_LIMIT) return Promise.reject(this.#options.overloaded())
    const { gapMs = 0 } = this.#options
    const readyAtMs = (this.#askedAtMs.get(name) ?? -Infinity) + gapMs
    const question = { name, readyAtMs, deadline, outcome: Promise.withResolvers<Answer>() }
    this.#waiting.set(name, question)
    this.#schedule()
    return question.outcome.promise
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay >= REQUESTS_LIMIT) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#send()
    })
  }

  #send(): void {
    if (this.#waiting.size === 0 || this.#underWay >= REQUESTS_LIMIT) return
    const nowMs = performance.now()
    const heldUntilMs = nowMs + (this.#options.holdMs?.() ?? 0)
    const ready: Question<Answer>[] = []
    let nextMs = Infinity
    for (const question of this.#waiting.values()) {
      const atMs = Math.max(question.readyAtMs, heldUntilMs)
      if (atMs <= nowMs && ready.length < NAMES_PER_REQUEST) ready.push(question)
      else nextMs = Math.min(nextMs, atMs)
    }
    if (nextMs < Infinity) {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#schedule(), Math.max(1, nextMs - nowMs))
    }
    if (ready.length > 0) void this.#request(ready, nowMs)
  }

  async #request(questions: readonly Question<Answer>[], nowMs: number): Promise<void> {
    this.#underWay++
    this.#forgetAsked(nowMs)
    let [{ deadline }] = questions
    for (const question of questions) {
      this.#waiting.delete(question.name)
      if (this.#options.gapMs !== undefined) this.#askedAtMs.set(question.name, nowMs)
      if (question.deadline.atMs > deadline.atMs) deadline = question.deadline
    }
    try {
      const names = questions.map(({ name }) => name)
      const answers = await this.#options.ask(names, deadline)
      for (const { name, outcome } of questions) {
        const answer = answers.get(name)
        if (answer === undefined) outcome.reject(new Error(`${name} was left out of the answer`))
        else if (answer instanceof Error) outcome.reject(answer)
        else outcome.resolve(answer)
      }
    } catch (error) {
      for (const { outcome } of questions) outcome.reject(error)
    } finally {
      this.#underWay--
      if (this.#waiting.size > 0) this.#schedule()
    }
  }

  /** Forgets names beyond the gap. They are in the order of their times. */
  #forgetAsked(nowMs: number): void {
    const { gapMs } = this.#options
    if (gapMs === undefined) return
    for (const [name, atMs] of this.#askedAtMs) {
      if (nowMs - atMs <= gapMs) break
      this.#askedAtMs.delete(name)
    }
  }
}
