/** A worker could not start. It has already printed why, as a single process would. */
export class WorkerFailure extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super('A worker could not start')
    this.exitCode = exitCode
  }
}
