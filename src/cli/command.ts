/** What the command line knows of a command before it runs; its code is loaded only then. */
export interface Command {
  readonly summary: string
  /** After the name of the command. */
  readonly usage: string
  /** Flag and meaning. */
  readonly options: readonly (readonly [string, string])[]
  /** Resolves when the command is done or, for a server, has started. */
  run(argv: string[]): Promise<void>
}
