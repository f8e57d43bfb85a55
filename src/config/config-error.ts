/** The configuration cannot be used. Every problem that was found is listed, each with its place and its key. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** One line each, free of secrets. */
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}
