/** A command as the command line knows it before it runs. Its code is loaded when it runs. */
export interface Command {
  readonly summary: string
  /** Arguments, without the name of the command. */
  readonly usage: string
  /** Flag and meaning. */
  readonly options: readonly (readonly [string, string])[]
  /** Resolves when the command is done, or the server has started. */
  run(argv: string[]): Promise<void>
}
