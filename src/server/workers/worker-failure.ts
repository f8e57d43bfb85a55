/** A worker could not start. It has said why itself, in the words of a single process. */
export class WorkerFailure extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super('A worker could not start')
    this.exitCode = exitCode
  }
}
