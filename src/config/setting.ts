import { configShape, type IntegerShape, type ListShape, type Member, type SectionShape, type TextShape, type WordShape } from './shape.ts'

/** One value that can be set: the same path in the file, in the environment and among the flags. */
export interface Setting {
  /** `['kafka', 'sasl', 'passwordFile']`. */
  readonly path: readonly string[]
  /** The path with dots. */
  readonly name: string
  /** Environment variable. */
  readonly variable: string
  readonly member: Member
  /** A section stands here only where `{}`, an empty one, means something; a word where the section has settings of its own. */
  readonly shape: SectionShape | ListShape | TextShape | IntegerShape | WordShape
}

/** Every variable of the gateway starts so. */
export const VARIABLE_PREFIX = 'KAFKA_REST_'

/** `kafka.sasl.passwordFile` → `KAFKA_REST_KAFKA_SASL_PASSWORD_FILE`. */
export const variableName = (path: readonly string[]): string =>
  VARIABLE_PREFIX + path.map(step => step.replaceAll(/[A-Z]/g, capital => `_${capital}`).toUpperCase()).join('_')

const setting = (path: readonly string[], member: Member, shape: Setting['shape']): Setting => ({
  path,
  name: path.join('.'),
  variable: variableName(path),
  member,
  shape
})

const settingsOfMember = (path: readonly string[], member: Member): Setting[] => {
  const { shape } = member
  if (shape.kind === 'wordOrSection') {
    return [setting(path, member, { kind: 'word', words: [shape.word] }), ...settingsOf(shape.section, path)]
  }
  if (shape.kind !== 'section') return [setting(path, member, shape)]
  const mayBeEmpty = !member.required && [...shape.members.values()].every(inner => !inner.required)
  const itself = mayBeEmpty ? [setting(path, member, shape)] : []
  return [...itself, ...settingsOf(shape, path)]
}

/** The settings of a section, in the order of the schema. Sections in a list have none: such a list is set as a whole. */
export const settingsOf = (section: SectionShape, path: readonly string[] = []): Setting[] =>
  [...section.members].flatMap(([name, member]) => settingsOfMember([...path, name], member))

export const allSettings: readonly Setting[] = settingsOf(configShape)
