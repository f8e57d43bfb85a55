/** The entries of a file of credentials, which has one JSON object a line. */
export interface CredentialLines<T> {
  readonly entries: readonly T[]
  /** What is wrong with the lines that were refused. Never quotes a line. */
  readonly problems: readonly string[]
}

/** One JSON object of a file, read member by member. Throws an Error that names the member. */
export class LineReader {
  readonly #members: Map<string, unknown>

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('is no JSON object')
    this.#members = new Map(Object.entries(value))
  }

  text(name: string, pattern: RegExp): string {
    const value = this.#members.get(name)
    this.#members.delete(name)
    if (typeof value !== 'string' || !pattern.test(value)) throw new Error(`${name} is missing or malformed`)
    return value
  }

  optionalText(name: string, pattern: RegExp): string | undefined {
    return this.#members.has(name) ? this.text(name, pattern) : undefined
  }

  /** Returns milliseconds since 1970. */
  time(name: string): number {
    const at = Date.parse(this.text(name, ISO_TIME))
    if (Number.isNaN(at)) throw new Error(`${name} is no time`)
    return at
  }

  optionalTime(name: string): number | undefined {
    return this.#members.has(name) ? this.time(name) : undefined
  }

  texts(name: string): readonly string[] {
    const value = this.#members.get(name) ?? []
    this.#members.delete(name)
    const isList = Array.isArray(value) && value.every(entry => typeof entry === 'string' && entry !== '')
    if (!isList) throw new Error(`${name} is no list of texts`)
    return value
  }

  /** Throws if a member was not read: a misspelt `expires` must not make a key eternal. */
  end(): void {
    for (const name of this.#members.keys()) throw new Error(`${JSON.stringify(name.slice(0, 40))} is no known member`)
  }
}

const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,3})?Z)?$/

/** Reads a file of credentials. Skips empty lines and those that start with `#`. Judges each line alone. */
export function readLines<T extends object>(
  text: string,
  nameOf: (entry: T) => string,
  read: (line: LineReader) => T
): CredentialLines<T> {
  const entries = new Map<string, T>()
  const problems: string[] = []
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    try {
      const entry = entryOf(line, read)
      const name = nameOf(entry)
      if (entries.has(name)) throw new Error(`${name} is there already`)
      entries.set(name, entry)
    } catch (error) {
      problems.push(`line ${at + 1}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { entries: [...entries.values()], problems }
}

function entryOf<T>(line: string, read: (line: LineReader) => T): T {
  const reader = new LineReader(parsed(line))
  const entry = read(reader)
  reader.end()
  return entry
}

/** Node's own message quotes the text, which may be a secret. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new Error('is not JSON')
  }
}
