/** The parts of Kafka's message definitions (`common/message/*.json` of its jar) that are used. */
interface Definition {
  readonly apiKey: number
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly latestVersionUnstable?: boolean
  readonly name: string
  readonly fields: readonly FieldDefinition[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly FieldDefinition[] }[]
}

interface FieldDefinition {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean
  readonly ignorable?: boolean
  readonly about?: string
  readonly fields?: readonly FieldDefinition[]
}

export interface Range {
  readonly min: number
  readonly max: number
}

export const PRIMITIVES = ['bool', 'int8', 'int16', 'int32', 'int64', 'string', 'uuid', 'bytes'] as const
export type Primitive = (typeof PRIMITIVES)[number]

export interface Field {
  /** `throttleTimeMs`. */
  readonly name: string
  /** Of the value, or of each element of an array. */
  readonly type: Primitive | Struct
  readonly isArray: boolean
  /** Versions that have it. */
  readonly versions: Range
  readonly nullable: boolean
  /** Undefined if the field stands in its place. */
  readonly tag: number | undefined
  readonly default: string | number | boolean | undefined
  /** Left out without a word in versions that do not have it. */
  readonly ignorable: boolean
  readonly about: string
}

export interface Struct {
  readonly name: string
  /** Versions in which it can occur; the conditions of its fields are within them. */
  readonly versions: Range
  readonly fields: readonly Field[]
}

export interface Message {
  readonly key: number
  readonly versions: Range
  /** Infinity if none is. */
  readonly flexibleSince: number
  readonly struct: Struct
}

/** Reads nothing but the API key, of any definition. */
export function keyFrom(text: string): number {
  return parse(text).apiKey
}

function parse(text: string): Definition {
  return JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, '')) as Definition
}

/** Reads a definition: JSON with comments in lines of their own. Throws RangeError at what is not supported. */
export function messageFrom(text: string): Message {
  const definition = parse(text)
  const { min, max } = rangeOf(definition.validVersions)
  const versions = { min, max: definition.latestVersionUnstable === true ? max - 1 : max }
  const common = new Map<string, Struct>()
  for (const { name, fields } of definition.commonStructs ?? [])
    common.set(name, { name, versions, fields: fieldsOf(fields, versions, common) })
  return {
    key: definition.apiKey,
    versions,
    flexibleSince: definition.flexibleVersions === 'none' ? Infinity : rangeOf(definition.flexibleVersions).min,
    struct: { name: definition.name, versions, fields: fieldsOf(definition.fields, versions, common) }
  }
}

/** Leaves out fields of versions that the message no longer has. */
function fieldsOf(all: readonly FieldDefinition[], valid: Range, common: ReadonlyMap<string, Struct>): Field[] {
  return all
    .map(definition => ({ definition, versions: intersection(rangeOf(definition.versions), valid) }))
    .filter(({ versions }) => versions.min <= versions.max)
    .map(({ definition, versions }) => fieldOf(definition, versions, common))
}

function fieldOf(definition: FieldDefinition, versions: Range, common: ReadonlyMap<string, Struct>): Field {
  const { name, type, nullableVersions, taggedVersions, tag, ignorable = false, about = '' } = definition
  if (taggedVersions !== undefined && rangeOf(taggedVersions).min > versions.min)
    throw new RangeError(`${name}: tagged in some of its versions only`)
  return {
    name: `${name[0].toLowerCase()}${name.slice(1)}`,
    type: typeOf(type.replace('[]', ''), definition.fields, versions, common),
    isArray: type.startsWith('[]'),
    versions,
    nullable: nullableVersions !== undefined,
    tag,
    default: definition.default,
    ignorable,
    about: about.replaceAll(/\s+/g, ' ')
  }
}

function typeOf(
  name: string,
  fields: readonly FieldDefinition[] | undefined,
  versions: Range,
  common: ReadonlyMap<string, Struct>
): Primitive | Struct {
  const primitive = PRIMITIVES.find(each => each === name)
  if (primitive !== undefined) return primitive
  const struct = common.get(name) ?? (fields && { name, versions, fields: fieldsOf(fields, versions, common) })
  if (struct === undefined) throw new RangeError(`The type ${name} is not supported`)
  return struct
}

/** `3`, `3-5` or `3+`. */
function rangeOf(text: string): Range {
  const [, min, rest] = /^(\d+)(\+|-\d+)?$/.exec(text) ?? []
  if (min === undefined) throw new RangeError(`Not a range of versions: ${text}`)
  return { min: Number(min), max: rest === undefined ? Number(min) : rest === '+' ? Infinity : Number(rest.slice(1)) }
}

function intersection(one: Range, other: Range): Range {
  return { min: Math.max(one.min, other.min), max: Math.min(one.max, other.max) }
}
