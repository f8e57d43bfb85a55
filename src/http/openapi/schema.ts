import { Type, type Static, type Schema } from '../../core/json-schema.ts'

const TARGET = Symbol('target of a reference')

/** Returns a schema that allows null as well. */
export function orNull<T extends Schema>(schema: T) {
  const members: object = schema
  const type: unknown = Object.getOwnPropertyDescriptor(members, 'type')?.value
  return Type.Unsafe<Static<T> | null>(
    typeof type === 'string' ? { ...members, type: [type, 'null'] } : { anyOf: [members, { type: 'null' }] }
  )
}

/** Returns a reference to a schema, which the description shows once under `components/schemas`. */
export function named<T extends Schema>(name: string, schema: T) {
  return Type.Unsafe<Static<T>>({ $ref: `#/components/schemas/${name}`, [TARGET]: { name, schema } })
}

interface Target {
  readonly name: string
  readonly schema: Schema
}

const isTarget = (value: unknown): value is Target => typeof value === 'object' && value !== null && 'schema' in value

/** Returns all named schemas that a value refers to, directly or not, sorted by name. */
export function namedSchemas(value: unknown): Map<string, Schema> {
  const found = new Map<string, Schema>()
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return
    const target: unknown = Object.getOwnPropertyDescriptor(part, TARGET)?.value
    if (isTarget(target) && !found.has(target.name)) {
      found.set(target.name, target.schema)
      visit(target.schema)
    }
    for (const each of Object.values(part)) visit(each)
  }
  visit(value)
  return new Map([...found].toSorted(([one], [other]) => (one < other ? -1 : 1)))
}
