import type { Schema } from '../../core/json-schema.ts'
import type { ErrorCode } from '../../core/errors.ts'

/** A value to show, and to try: a test sends every one of a request. */
export interface Example {
  readonly summary: string
  readonly value: unknown
}

export type Examples = Readonly<Record<string, Example>>

/** In the path, where the route has a segment `{name}`, else in the query, unless it says `header`. */
export interface Parameter {
  readonly name: string
  readonly in?: 'header'
  readonly description: string
  readonly schema: Schema
  /** The first is what a request shows that is about something else. */
  readonly examples: Examples
}

export interface RequestBody {
  readonly required: boolean
  readonly description: string
  readonly schema: Schema
  readonly examples: Examples
}

export interface Answer {
  readonly description: string
  /** Undefined where there is no body. */
  readonly schema?: Schema
  /** By name; beside those that every answer has. */
  readonly headers?: Readonly<Record<string, Header>>
  readonly examples?: Examples
}

export interface Header {
  readonly description: string
  readonly schema: Schema
  /** It may be missing otherwise. */
  readonly always: boolean
}

/** What OpenAPI says of one method at one path; the route itself brings it along. */
export interface OperationText {
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly body?: RequestBody
  /** By status; errors are not among them. */
  readonly answers: Readonly<Record<number, Answer>>
  /** Which the route itself can raise; those of the way to it are known. */
  readonly errors: readonly ErrorCode[]
  /** Of error bodies, where they say more than all do. */
  readonly errorSchema?: Schema
  /** Of errors, by status. */
  readonly errorHeaders?: Readonly<Record<number, Readonly<Record<string, Header>>>>
}
