/** The configuration is invalid. Lists every problem with its place and key. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** One line each, free of secrets. */
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}
