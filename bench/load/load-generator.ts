import { fork, type ChildProcess } from 'node:child_process'
import type { Job, LoadResult } from './jobs.ts'

const PROGRAM = new URL('./generator.ts', import.meta.url).pathname

/** The process of the load generator. */
export class LoadGenerator {
  readonly #child: ChildProcess = fork(PROGRAM, { stdio: 'inherit' })

  /** One job at a time. */
  run(job: Job): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      this.#child.once('message', (answer: { result?: LoadResult; error?: string }) => {
        if (answer.result === undefined) reject(new Error(`The load failed: ${answer.error}`))
        else resolve(answer.result)
      })
      this.#child.send(job)
    })
  }

  stop(): void {
    this.#child.kill()
  }
}
