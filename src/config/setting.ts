import {
  configShape,
  type IntegerShape,
  type ListShape,
  type Member,
  type SectionShape,
  type TextShape,
  type WordShape
} from './shape.ts'

/** One value that can be set in the file, the environment or the flags. */
export interface Setting {
  /** `['kafka', 'sasl', 'passwordFile']`. */
  readonly path: readonly string[]
  /** The path with dots. */
  readonly name: string
  /** Environment variable. */
  readonly variable: string
  readonly member: Member
  /** Dotted path of the innermost optional section around it. */
  readonly optionalSection: string | undefined
  /** A section only if `{}` is a meaningful value; a word if the setting is one or a section, which has its own settings. */
  readonly shape: SectionShape | ListShape | TextShape | IntegerShape | WordShape
}

/** Prefix of all variables. */
export const VARIABLE_PREFIX = 'KAFKA_REST_'

/** Returns the variable of a path: `kafka.sasl.passwordFile` → `KAFKA_REST_KAFKA_SASL_PASSWORD_FILE`. */
export const variableName = (path: readonly string[]): string =>
  VARIABLE_PREFIX + path.map(step => step.replaceAll(/[A-Z]/g, capital => `_${capital}`).toUpperCase()).join('_')

const settingsOfMember = (path: readonly string[], member: Member, optionalSection: string | undefined): Setting[] => {
  const { shape } = member
  const name = path.join('.')
  const setting = { path, name, variable: variableName(path), member, optionalSection }
  if (shape.kind === 'wordOrSection') {
    return [{ ...setting, shape: { kind: 'word', words: [shape.word] } }, ...settingsOf(shape.section, path, name)]
  }
  if (shape.kind !== 'section') return [{ ...setting, shape }]
  const mayBeEmpty = !member.required && [...shape.members.values()].every(inner => !inner.required)
  const itself = mayBeEmpty ? [{ ...setting, shape }] : []
  return [...itself, ...settingsOf(shape, path, member.required ? optionalSection : name)]
}

/** Returns the settings of a section in the order of the schema. A list of sections is one setting. */
export const settingsOf = (section: SectionShape, path: readonly string[] = [], optionalSection?: string): Setting[] =>
  [...section.members].flatMap(([name, member]) => settingsOfMember([...path, name], member, optionalSection))

export const allSettings: readonly Setting[] = settingsOf(configShape)
