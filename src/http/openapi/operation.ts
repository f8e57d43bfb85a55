import type { ErrorCode } from '../../core/errors.ts'
import type { Schema } from '../../core/json-schema.ts'

/** A value to show. A test sends each example of a request. */
export interface Example {
  readonly summary: string
  readonly value: unknown
}

export type Examples = Readonly<Record<string, Example>>

/** A parameter: in the path if the route has a segment `{name}`, else in the query, unless it says `header`. */
export interface Parameter {
  readonly name: string
  readonly in?: 'header'
  readonly description: string
  readonly schema: Schema
  /** Whether it must be given; those in the path always must. */
  readonly required?: boolean
  /** The first one is used in requests that show something else. */
  readonly examples: Examples
}

interface BodyForm {
  readonly schema: Schema
  readonly examples: Examples
}

export interface RequestBody extends BodyForm {
  readonly required: boolean
  readonly description: string
  /** For media types whose bodies have another form. */
  readonly byType?: Readonly<Record<string, BodyForm>>
}

export interface Answer {
  readonly description: string
  /** Undefined if there is no body. */
  readonly schema?: Schema
  /** By name, beside those of every answer. */
  readonly headers?: Readonly<Record<string, Header>>
  readonly examples?: Examples
}

export interface Header {
  readonly description: string
  readonly schema: Schema
  /** False if it may be missing. */
  readonly always: boolean
}

/** The description of one route in OpenAPI. */
export interface OperationText {
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly Parameter[]
  readonly body?: RequestBody
  /** Media types of its answers, if clients choose among several; else there is one. */
  readonly types?: readonly string[]
  /** By status, without errors. */
  readonly answers: Readonly<Record<number, Answer>>
  /** Errors of the route itself, beside those that every request can get. */
  readonly errors: readonly ErrorCode[]
  /** Schema of its error bodies if they have members of their own. */
  readonly errorSchema?: Schema
  /** Headers of errors, by status. */
  readonly errorHeaders?: Readonly<Record<number, Readonly<Record<string, Header>>>>
}
