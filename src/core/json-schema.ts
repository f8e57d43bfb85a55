/**
 * JSON Schema (2020-12) together with the TypeScript type of what it admits: plain objects that print as they are.
 * Only what the configuration and the API's description are made of. A library for it is hundreds of modules, more than a
 * third of the time that the gateway takes to start; tests judge by such a library whether values fit these schemas.
 */

export type { FromSchema, JSONSchema } from 'json-schema-to-ts'

declare const ADMITTED: unique symbol
declare const OMISSIBLE: unique symbol

/** A schema whose values are of type T. */
export interface Schema<T = unknown> {
  readonly [keyword: string]: unknown
  /** For the compiler only. */
  readonly [ADMITTED]?: T
}

/** The type of the values that a schema admits. */
export type Static<S extends Schema> = S extends Schema<infer T> ? T : never

/** The schema of a member that may be missing. */
interface Omissible<T = unknown> extends Schema<T> {
  readonly [OMISSIBLE]: true
}

type Members = Readonly<Record<string, Schema>>
type OmissibleName<M extends Members> = { [N in keyof M]: M[N] extends Omissible ? N : never }[keyof M]
type Flat<T> = { [N in keyof T]: T[N] }
type StaticObject<M extends Members> = Flat<
  { [N in Exclude<keyof M, OmissibleName<M>>]: Static<M[N]> } & { [N in OmissibleName<M>]?: Static<M[N]> }
>

interface ObjectSchema<M extends Members> extends Schema<StaticObject<M>> {
  readonly properties: M
}

/** Further keywords, of JSON Schema or of our own. */
type Keywords = Readonly<Record<string, unknown>>

const omissible = new WeakSet<Schema>()

export const Type = {
  Object<M extends Members>(properties: M, keywords: Keywords = {}): ObjectSchema<M> {
    const required = Object.keys(properties).filter(name => !omissible.has(properties[name]))
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...keywords }
  },
  Array<T>(items: Schema<T>, keywords: Keywords = {}): Schema<T[]> {
    return { type: 'array', items, ...keywords }
  },
  String(keywords: Keywords = {}): Schema<string> {
    return { type: 'string', ...keywords }
  },
  Integer(keywords: Keywords = {}): Schema<number> {
    return { type: 'integer', ...keywords }
  },
  Boolean(keywords: Keywords = {}): Schema<boolean> {
    return { type: 'boolean', ...keywords }
  },
  Unknown(keywords: Keywords = {}): Schema {
    return { ...keywords }
  },
  /** One of these words. */
  Enum<const W extends readonly string[]>(words: W, keywords: Keywords = {}): Schema<W[number]> {
    return { enum: words, ...keywords }
  },
  Literal<const V extends string>(value: V): Schema<V> {
    return { type: 'string', const: value }
  },
  Union<S extends readonly Schema[]>(anyOf: S, keywords: Keywords = {}): Schema<Static<S[number]>> {
    return { anyOf, ...keywords }
  },
  /** Any schema, of whose values the compiler believes what is said. */
  Unsafe<T>(schema: Keywords): Schema<T> {
    return { ...schema }
  },
  /** A member of an object that may be missing. */
  Optional<T>(schema: Schema<T>): Omissible<T> {
    const own = { ...schema }
    omissible.add(own)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the mark is the compiler's only.
    return own as Omissible<T>
  }
}
