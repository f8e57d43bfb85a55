import { configSchema } from './schema.ts'

/** A schema as the loader needs it. */
export type Shape = SectionShape | ListShape | TextShape | IntegerShape | WordShape | WordOrSectionShape

export interface SectionShape {
  readonly kind: 'section'
  readonly members: ReadonlyMap<string, Member>
}

export interface ListShape {
  readonly kind: 'list'
  readonly item: TextShape | SectionShape
  readonly minItems: number
}

export interface TextShape {
  readonly kind: 'text'
  readonly minLength: number
  readonly pattern: RegExp | undefined
  /** The pattern in words, such as `host:port`. */
  readonly expects: string
}

export interface IntegerShape {
  readonly kind: 'integer'
  readonly minimum: number
  readonly maximum: number
}

/** One of a closed set of words. */
export interface WordShape {
  readonly kind: 'word'
  readonly words: readonly string[]
}

/** A section, or a word in its place, such as `none`. */
export interface WordOrSectionShape {
  readonly kind: 'wordOrSection'
  readonly word: string
  readonly section: SectionShape
}

export interface Member {
  readonly shape: Shape
  readonly description: string
  /** Whether the key must be given: it is not optional and has no default. */
  readonly required: boolean
  /** Undefined if there is none. */
  readonly default: unknown
  /** Never printed. */
  readonly secret: boolean
  /** Whether the value is the path of a readable file. */
  readonly file: boolean
  /** The word that may stand in place of the path of a file to append to; undefined if the value is no such path. */
  readonly fileUnless: string | undefined
  /** Name of the secret that the file holds. */
  readonly fileOf: string | undefined
  /** Whether the configuration keeps the path beside the text, so that the file can be read again. */
  readonly kept: boolean
}

/** The keywords of JSON Schema that `schema.ts` uses, and our own. */
interface JsonSchema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly string[]
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly minLength?: number
  readonly pattern?: string
  readonly expects?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: unknown
  readonly description?: string
  readonly secret?: boolean
  readonly fileUnless?: string
  readonly fileOf?: string
}

const memberOf = (name: string, schema: JsonSchema, required: boolean): Member => ({
  shape: shapeOf(schema),
  description: schema.description ?? '',
  required: required && schema.default === undefined,
  default: schema.default,
  secret: schema.secret === true,
  file: name === 'file' || name.endsWith('File'),
  fileUnless: schema.fileUnless,
  fileOf: undefined,
  kept: true
})

const secretFile = (name: string, kept: boolean): Member => ({
  shape: { kind: 'text', minLength: 1, pattern: undefined, expects: 'a text' },
  description: `File that holds \`${name}\`; one line break at its end is dropped.`,
  required: false,
  default: undefined,
  secret: false,
  file: true,
  fileUnless: undefined,
  fileOf: name,
  kept
})

const sectionOf = (schema: JsonSchema): SectionShape => {
  const members = new Map<string, Member>()
  const properties = schema.properties ?? {}
  for (const [name, property] of Object.entries(properties)) {
    if (property.fileOf !== undefined) continue
    const member = memberOf(name, property, schema.required?.includes(name) ?? false)
    members.set(name, member)
    if (member.secret) members.set(`${name}File`, secretFile(name, `${name}File` in properties))
  }
  return { kind: 'section', members }
}

const textOf = (schema: JsonSchema): TextShape => ({
  kind: 'text',
  minLength: schema.minLength ?? 0,
  // oxlint-disable-next-line kafka-rest/linear-expressions -- the schema is ours, and meets the operator's text only
  pattern: schema.pattern === undefined ? undefined : new RegExp(schema.pattern, 'u'),
  expects: schema.expects ?? 'a text'
})

const wordOrSectionOf = (choices: readonly JsonSchema[]): Shape | undefined => {
  const word = choices.find(choice => choice.const !== undefined)?.const
  const section = choices.find(choice => choice.type === 'object')
  if (typeof word !== 'string' || section === undefined) return undefined
  return { kind: 'wordOrSection', word, section: sectionOf(section) }
}

const listOf = (schema: JsonSchema, items: JsonSchema): ListShape => ({
  kind: 'list',
  item: items.type === 'object' ? sectionOf(items) : textOf(items),
  minItems: schema.minItems ?? 0
})

const integerOf = (schema: JsonSchema): IntegerShape => ({
  kind: 'integer',
  minimum: schema.minimum ?? 0,
  maximum: schema.maximum ?? Number.MAX_SAFE_INTEGER
})

const shapeOf = (schema: JsonSchema): Shape => {
  const choice = wordOrSectionOf(schema.anyOf ?? [])
  if (choice !== undefined) return choice
  if (schema.enum !== undefined) return { kind: 'word', words: schema.enum }
  if (schema.type === 'object') return sectionOf(schema)
  if (schema.type === 'integer') return integerOf(schema)
  if (schema.type === 'array' && schema.items !== undefined) return listOf(schema, schema.items)
  if (schema.type === 'string') return textOf(schema)
  throw new Error(`The configuration schema uses a construct that the loader does not know: ${JSON.stringify(schema)}`)
}

export const configShape: SectionShape = sectionOf(configSchema)

/** Returns what a value must be, as the end of a sentence: "an integer from 0 to 65535". */
export const expectation = (shape: Shape): string => {
  switch (shape.kind) {
    case 'section':
      return 'a section of keys'
    case 'list':
      return `a list of ${shape.item.kind === 'section' ? 'sections' : 'texts'}${shape.minItems > 0 ? ' that is not empty' : ''}`
    case 'text':
      return shape.minLength > 0 ? `${shape.expects} that is not empty` : shape.expects
    case 'integer':
      return `an integer from ${shape.minimum} to ${shape.maximum}`
    case 'wordOrSection':
      return `the word ${shape.word} or a section with ${requiredNames(shape.section).join(' and ')}`
    default:
      return shape.words.length === 1 ? shape.words[0] : `one of ${shape.words.join(', ')}`
  }
}

const requiredNames = ({ members }: SectionShape): string[] =>
  [...members].filter(([, { required }]) => required).map(([name]) => name)
