import type { Field, Primitive, Range, Struct } from './schema.ts'

const TYPES: Readonly<Record<Primitive, string>> = {
  bool: 'boolean',
  int8: 'number',
  int16: 'number',
  int32: 'number',
  int64: 'bigint',
  string: 'string',
  uuid: 'Buffer',
  bytes: 'Buffer'
}

const DEFAULTS: Readonly<Record<Primitive, string>> = {
  bool: 'false',
  int8: '0',
  int16: '0',
  int32: '0',
  int64: '0n',
  string: "''",
  uuid: 'NO_UUID',
  bytes: 'Buffer.alloc(0)'
}

export function typeOf({ type, isArray, nullable }: Field): string {
  const one = typeof type === 'string' ? TYPES[type] : type.name
  return `${isArray ? `readonly ${one}[]` : one}${nullable ? ' | null' : ''}`
}

/** Whether a request may leave a field out: Kafka says what that means, or some versions do not have it. */
export function isOptional({ default: value, ignorable, versions }: Field, valid: Range): boolean {
  return value !== undefined || ignorable || conditionOf(versions, valid) !== ''
}

/** Under which versions of those that the message has a field is there; empty if under all. */
export function conditionOf({ min, max }: Range, valid: Range): string {
  if (min === max && min > valid.min && max < valid.max) return `version === ${min}`
  return [min > valid.min ? `version >= ${min}` : '', max < valid.max ? `version <= ${max}` : '']
    .filter(part => part !== '')
    .join(' && ')
}

export function defaultOf({ name, type, isArray, nullable, default: value }: Field): string {
  if (value === 'null') return 'null'
  if (isArray) return '[]'
  if (typeof type !== 'string') {
    if (nullable) return 'null'
    throw new RangeError(`${name}: a struct without a default`)
  }
  if (value === undefined) return DEFAULTS[type]
  if (type === 'string') return `'${value}'`
  return type === 'int64' ? `${value}n` : String(value)
}

/** A statement that writes `value.<field>`. `call` begins the call that writes a struct. */
export function writingOf(field: Field, optional: boolean, call: (struct: Struct) => string): string {
  const { name, type, isArray, nullable } = field
  const value = optional ? withDefault(field) : `value.${name}`
  if (isArray) return `writeArray(writer, ${value}, each => ${writingOne(type, 'each', call)})`
  if (typeof type === 'string' || !nullable) return writingOne(type, value, call)
  return `{
    const ${name} = ${value}
    writePresence(writer, ${name})
    if (${name} !== null) ${writingOne(type, name, call)}
  }`
}

function withDefault(field: Field): string {
  const fallback = defaultOf(field)
  const value = `value.${field.name}`
  return field.nullable && fallback !== 'null'
    ? `${value} === undefined ? ${fallback} : ${value}`
    : `${value} ?? ${fallback}`
}

function writingOne(type: Primitive | Struct, value: string, call: (struct: Struct) => string): string {
  if (typeof type !== 'string') return `${call(type)}, ${value})`
  if (type === 'bool') return `writeBoolean(writer, ${value})`
  if (type === 'bytes') return `writeBytes(writer, ${value})`
  return `writer.${type === 'uuid' ? 'raw' : type}(${value})`
}

/** Whether a request gives an optional field another value than its default. */
export function isSetOf(field: Field): string {
  const value = `value.${field.name}`
  const fallback = defaultOf(field)
  if (fallback === '[]') return `(${value} ?? []).length > 0`
  if (fallback === 'NO_UUID') return `!(${value} ?? NO_UUID).equals(NO_UUID)`
  if (field.type === 'bool') return `${value} === ${fallback === 'false'}`
  return `(${value} ?? ${fallback}) !== ${fallback}`
}

/** An expression that reads a field. `call` begins the call that reads a struct. */
export function readingOf({ type, isArray, nullable }: Field, call: (struct: Struct) => string): string {
  const present = (expression: string, fallback: string) => (nullable ? expression : `${expression} ?? ${fallback}`)
  if (isArray) return present(`readArray(reader, () => ${readingOne(type, call)})`, '[]')
  if (type === 'string') return present('reader.string()', "''")
  if (type === 'bytes') return present('readBytes(reader)', DEFAULTS.bytes)
  const one = readingOne(type, call)
  return typeof type !== 'string' && nullable ? `reader.int8() < 0 ? null : ${one}` : one
}

function readingOne(type: Primitive | Struct, call: (struct: Struct) => string): string {
  if (typeof type !== 'string') return `${call(type)})`
  if (type === 'bool') return 'reader.int8() !== 0'
  if (type === 'string') return "reader.string() ?? ''"
  if (type === 'bytes') return `readBytes(reader) ?? ${DEFAULTS.bytes}`
  if (type === 'uuid') return 'readUuid(reader)'
  return `reader.${type === 'int64' ? 'bigint64' : type}()`
}
