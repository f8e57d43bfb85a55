/** A test file, by its path. */
export interface TestFile {
  readonly path: string
  readonly text: string
}

/**
 * Returns the paths in the order to run them, two at a time. Files that call `alone()` are spread evenly among those that do
 * not, because two of them would wait for each other. Files that call `quiet()` come last, when nothing else runs.
 */
export function inOrder(files: readonly TestFile[]): string[] {
  const { rest = [], alone = [], quiet = [] } = Object.groupBy(files, kindOf)
  const spread = rest.map(({ path }, index) => ({ path, place: (index + 0.5) / rest.length }))
  spread.push(...alone.map(({ path }, index) => ({ path, place: index / alone.length })))
  spread.sort((one, other) => one.place - other.place)
  return [...spread, ...quiet].map(({ path }) => path)
}

function kindOf({ text }: TestFile): 'alone' | 'quiet' | 'rest' {
  if (/^await quiet\(\)$/m.test(text)) return 'quiet'
  return /^await alone\(\)$/m.test(text) ? 'alone' : 'rest'
}
