/** The keywords of a JSON Schema that are put into words. */
export interface WordedSchema {
  readonly [keyword: string]: unknown
  readonly $ref?: string
  readonly type?: string | readonly string[]
  /** Ours: the words themselves, such as `host:port`. */
  readonly expects?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly WordedSchema[]
  readonly oneOf?: readonly WordedSchema[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly pattern?: string
  readonly format?: string
  readonly properties?: Readonly<Record<string, unknown>>
}

type Resolve = (reference: string) => WordedSchema

/** Says what a value must be, to follow "must be": `a whole number from 1 to 10`, `a string or null`. */
export function wordsOf(schema: WordedSchema, resolve: Resolve): string {
  return joined(choices(schema, resolve))
}

function choices(schema: WordedSchema, resolve: Resolve): string[] {
  if (schema.$ref !== undefined) return choices(resolve(schema.$ref), resolve)
  if (schema.expects !== undefined) return [schema.expects]
  if (schema.const !== undefined) return [JSON.stringify(schema.const)]
  if (schema.enum !== undefined) return schema.enum.map(word => JSON.stringify(word))
  const others = schema.anyOf ?? schema.oneOf
  if (others !== undefined) return others.flatMap(other => choices(other, resolve))
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])
  if (types.length === 0) return ['as the description of the API says']
  return types.map(type => typeWords(type, schema))
}

function typeWords(type: string, schema: WordedSchema): string {
  switch (type) {
    case 'integer':
      return `a whole number${range(schema.minimum, schema.maximum)}`
    case 'number':
      return `a number${range(schema.minimum, schema.maximum)}`
    case 'string':
      return `a string${form(schema)}${size(schema.minLength, schema.maxLength, 'character', 'characters')}`
    case 'array':
      return `an array${size(schema.minItems, schema.maxItems, 'entry', 'entries')}`
    case 'object':
      return `an object${size(schema.minProperties, schema.maxProperties, 'member', 'members')}`
    case 'null':
      return 'null'
    default:
      return `a ${type}`
  }
}

function range(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  if (minimum !== undefined) return ` from ${minimum}`
  return maximum === undefined ? '' : ` of at most ${maximum}`
}

function size(least = 0, most: number | undefined, one: string, many: string): string {
  const noun = (count: number) => (count === 1 ? one : many)
  if (most === undefined) return least === 0 ? '' : ` of at least ${least} ${noun(least)}`
  return least === 0 ? ` of at most ${most} ${noun(most)}` : ` of ${least} to ${most} ${noun(most)}`
}

function form({ pattern, format }: WordedSchema): string {
  if (pattern !== undefined) return ` that matches ${pattern}`
  return format === undefined ? '' : ` in the form ${format}`
}

function joined(words: readonly string[]): string {
  const distinct = [...new Set(words)]
  const last = distinct.at(-1) ?? ''
  return distinct.length < 2 ? last : `${distinct.slice(0, -1).join(', ')} or ${last}`
}
