export type { FromSchema, JSONSchema } from 'json-schema-to-ts'

/**
 * A JSON Schema (2020-12) as a plain object, which prints as it is. Written `as const`, `FromSchema` of its type is the type of
 * what it admits.
 */
export type Schema = Readonly<Record<string, unknown>>
