import type { LoadedConfig } from './load.ts'
import type { Config } from './schema.ts'
import { configShape, type Member, type SectionShape, type Shape } from './shape.ts'

interface Line {
  readonly path: string
  readonly value: string
}

const NOT_SET = '(not set)'
const HIDDEN = '(hidden)'

const isSection = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const linesOfValue = (member: Member, shape: Shape, value: unknown, path: string): Line[] => {
  if (value === undefined) return [{ path, value: NOT_SET }]
  if (member.secret) return [{ path, value: HIDDEN }]
  const section = shape.kind === 'wordOrSection' ? shape.section : shape
  if (section.kind === 'section' && isSection(value)) {
    const itself = Object.keys(value).length === 0 ? [{ path, value: '{}' }] : []
    return [...itself, ...linesOf(section, value, path)]
  }
  if (shape.kind === 'list' && shape.item.kind === 'section' && Array.isArray(value) && value.length > 0) {
    const { item } = shape
    return value.flatMap((entry, index) => linesOfValue(member, item, entry, `${path}[${index}]`))
  }
  return [{ path, value: JSON.stringify(value) }]
}

const linesOf = (section: SectionShape, values: Readonly<Record<string, unknown>>, path: string): Line[] =>
  [...section.members]
    .filter(([, member]) => member.fileOf === undefined)
    .flatMap(([name, member]) =>
      linesOfValue(member, member.shape, values[name], path === '' ? name : `${path}.${name}`)
    )

/**
 * Formats a configuration, one line for each key in the order of the reference: path, value as JSON, source in brackets.
 * Hides secrets. Ends with a line break.
 */
export const describeConfig = ({ config, sources }: LoadedConfig): string => {
  const lines = linesOf(configShape, config, '')
  const width = Math.max(...lines.map(line => line.path.length))
  const texts = lines.map(({ path, value }) => {
    const source = sources.get(path)
    return `${path.padEnd(width)}  ${value}${source === undefined ? '' : `  [${source}]`}`
  })
  return `${texts.join('\n')}\n`
}

const secretsIn = (shape: Shape, value: unknown): string[] => {
  if (shape.kind === 'wordOrSection') return secretsIn(shape.section, value)
  if (shape.kind === 'list') return Array.isArray(value) ? value.flatMap(entry => secretsIn(shape.item, entry)) : []
  if (shape.kind !== 'section' || !isSection(value)) return []
  return [...shape.members].flatMap(([name, member]) => {
    const inner = value[name]
    if (!member.secret) return secretsIn(member.shape, inner)
    return typeof inner === 'string' ? [inner] : []
  })
}

/** Returns the text of every secret, to take it out of what others say. */
export const secretsOf = (config: Config): readonly string[] => secretsIn(configShape, config)
