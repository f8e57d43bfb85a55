import type { Schema } from '../../core/json-schema.ts'

const TARGET = Symbol('target of a reference')

/** A schema that allows null as well. */
type OrNull<S extends Schema> = S extends { readonly type: infer T extends string }
  ? Omit<S, 'type'> & { readonly type: readonly [T, 'null'] }
  : { readonly anyOf: readonly [S, { readonly type: 'null' }] }

/** Returns a schema that allows null as well. */
export function orNull<const S extends Schema>(schema: S): OrNull<S> {
  const { type } = schema
  const nullable =
    typeof type === 'string' ? { ...schema, type: [type, 'null'] } : { anyOf: [schema, { type: 'null' }] }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the compiler cannot follow the choice.
  return nullable as unknown as OrNull<S>
}

/**
 * Returns a reference to a schema, which the description shows once under `components/schemas`. Its type is that of the schema
 * itself, because a reference does not say what it admits.
 */
export function named<const S extends Schema>(name: string, schema: S): S {
  const reference = { $ref: `#/components/schemas/${name}`, [TARGET]: { name, schema } }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- for FromSchema.
  return reference as unknown as S
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
