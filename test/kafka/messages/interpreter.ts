import fc from 'fast-check'

/** A second reading of Kafka's definitions: it interprets them, field by field, where the generator writes code. */
export interface Definition {
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly latestVersionUnstable?: boolean
  readonly fields: readonly Field[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly Field[] }[]
}

interface Field {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean
  readonly fields?: readonly Field[]
}

export type Value = Record<string, unknown>

export const has = (versions: string | undefined, version: number): boolean => {
  if (versions === undefined || versions === 'none') return false
  const [from, until] = versions.split(/[+-]/)
  return version >= Number(from) && (versions.endsWith('+') || version <= Number(until ?? from))
}

const nameOf = ({ name }: Field) => name[0].toLowerCase() + name.slice(1)

/** One definition at one version. */
export class Interpreter {
  readonly version: number
  readonly flexible: boolean
  readonly #definition: Definition

  constructor(definition: Definition, version: number) {
    this.#definition = definition
    this.version = version
    this.flexible = has(definition.flexibleVersions, version)
  }

  /** Values with every field that this version has; with `absent` set, those that it lacks have their defaults. */
  values(absent: boolean): fc.Arbitrary<Value> {
    return this.#struct(this.#definition.fields, absent)
  }

  encode(value: Value): Buffer {
    return Buffer.concat(this.#encodeStruct(this.#definition.fields, value))
  }

  /** Throws if anything is left over. */
  decode(bytes: Buffer): Value {
    const cursor = { bytes, at: 0 }
    const value = this.#decodeStruct(this.#definition.fields, cursor)
    if (cursor.at !== bytes.length) throw new Error(`${bytes.length - cursor.at} bytes are left`)
    return value
  }

  #struct(fields: readonly Field[], absent: boolean): fc.Arbitrary<Value> {
    const members = fields.flatMap((field): [string, fc.Arbitrary<unknown>][] => {
      if (has(field.versions, this.version)) return [[nameOf(field), this.#field(field, absent)]]
      return absent && this.#isKnown(field) ? [[nameOf(field), fc.constant(this.#default(field))]] : []
    })
    return fc.record(Object.fromEntries(members), { noNullPrototype: true })
  }

  #isKnown({ versions }: Field): boolean {
    const [, max] = this.#definition.validVersions.split('-').map(Number)
    const newest = (max ?? this.version) - (this.#definition.latestVersionUnstable === true ? 1 : 0)
    return Number.parseInt(versions, 10) <= newest
  }

  #field(field: Field, absent: boolean): fc.Arbitrary<unknown> {
    const one = this.#one(field, absent)
    const value = field.type.startsWith('[]') ? fc.array(one, { maxLength: 3 }) : one
    return has(field.nullableVersions, this.version) ? fc.option(value) : value
  }

  #one({ type, fields }: Field, absent: boolean): fc.Arbitrary<unknown> {
    const bits = /^(?:\[\])?int(8|16|32)$/.exec(type)?.[1]
    if (bits !== undefined) return fc.integer({ min: -(2 ** (Number(bits) - 1)), max: 2 ** (Number(bits) - 1) - 1 })
    switch (type.replace('[]', '')) {
      case 'bool':
        return fc.boolean()
      case 'int64':
        return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      case 'string':
        return fc.string({ unit: 'grapheme', maxLength: 200 })
      case 'uuid':
        return fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes))
      case 'bytes':
        return fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes))
      default:
        return this.#struct(this.#fieldsOf(type, fields), absent)
    }
  }

  #fieldsOf(type: string, fields: readonly Field[] | undefined): readonly Field[] {
    const name = type.replace('[]', '')
    const found = fields ?? this.#definition.commonStructs?.find(struct => struct.name === name)?.fields
    if (found === undefined) throw new Error(`There is no struct ${name}`)
    return found
  }

  #default({ type, default: value }: Field): unknown {
    if (value === 'null') return null
    if (type.startsWith('[]')) return []
    if (type === 'bool') return value === true || value === 'true'
    if (type === 'int64') return BigInt(value ?? 0)
    if (type === 'uuid') return Buffer.alloc(16)
    if (type === 'bytes') return Buffer.alloc(0)
    return type === 'string' ? String(value ?? '') : Number(value ?? 0)
  }

  #encodeStruct(fields: readonly Field[], value: Value): Buffer[] {
    const present = fields.filter(({ versions }) => has(versions, this.version))
    const placed = present.filter(({ tag }) => tag === undefined)
    const parts = placed.flatMap(field => this.#encode(field, value[nameOf(field)]))
    if (!this.flexible) return parts
    const tagged = present.filter(({ tag }) => tag !== undefined)
    // One more that nobody knows, as a newer broker may send it.
    parts.push(varint(tagged.length + 1))
    for (const field of tagged) {
      const content = Buffer.concat(this.#encode(field, value[nameOf(field)]))
      parts.push(varint(Number(field.tag)), varint(content.length), content)
    }
    return [...parts, varint(1000), varint(3), Buffer.from('???')]
  }

  #encode(field: Field, value: unknown): Buffer[] {
    const { type } = field
    if (!type.startsWith('[]')) return this.#encodeOne(field, value)
    if (value === null) return [this.#length(-1, 4)]
    const all = value as unknown[]
    return [
      this.#length(all.length, 4),
      ...all.flatMap(each => this.#encodeOne({ ...field, nullableVersions: 'none' }, each))
    ]
  }

  #encodeOne({ type, fields, nullableVersions }: Field, value: unknown): Buffer[] {
    const bits = /^(?:\[\])?int(8|16|32)$/.exec(type)?.[1]
    if (bits !== undefined) return [bigEndian(Number(bits) / 8, BigInt(value as number))]
    switch (type.replace('[]', '')) {
      case 'bool':
        return [Buffer.from([value === true ? 1 : 0])]
      case 'int64':
        return [bigEndian(8, value as bigint)]
      case 'uuid':
        return [value as Buffer]
      case 'string':
      case 'bytes': {
        const size = type.endsWith('string') ? 2 : 4
        if (value === null) return [this.#length(-1, size)]
        const bytes = Buffer.from(value as string)
        return [this.#length(bytes.length, size), bytes]
      }
      default: {
        const mark = has(nullableVersions, this.version) ? [Buffer.from([value === null ? 255 : 1])] : []
        return value === null ? mark : [...mark, ...this.#encodeStruct(this.#fieldsOf(type, fields), value as Value)]
      }
    }
  }

  #length(length: number, size: number): Buffer {
    return this.flexible ? varint(length + 1) : bigEndian(size, BigInt(length))
  }

  #decodeStruct(fields: readonly Field[], cursor: Cursor): Value {
    const value: Value = {}
    for (const field of fields)
      if (has(field.versions, this.version) && field.tag === undefined)
        value[nameOf(field)] = this.#decode(field, cursor)
    if (this.flexible && readVarint(cursor) !== 0) throw new Error('Requests here have no tagged fields')
    return value
  }

  #decode(field: Field, cursor: Cursor): unknown {
    if (!field.type.startsWith('[]')) return this.#decodeOne(field, cursor)
    const length = this.#readLength(cursor, 4)
    return length < 0
      ? null
      : Array.from({ length }, () => this.#decodeOne({ ...field, nullableVersions: 'none' }, cursor))
  }

  #decodeOne({ type, fields, nullableVersions }: Field, cursor: Cursor): unknown {
    const bits = /^(?:\[\])?int(8|16|32)$/.exec(type)?.[1]
    if (bits !== undefined) return Number(readInteger(cursor, Number(bits) / 8))
    switch (type.replace('[]', '')) {
      case 'bool':
        return readInteger(cursor, 1) === 1n
      case 'int64':
        return readInteger(cursor, 8)
      case 'uuid':
        return take(cursor, 16)
      case 'string':
      case 'bytes': {
        const isText = type.endsWith('string')
        const length = this.#readLength(cursor, isText ? 2 : 4)
        if (length < 0) return null
        return isText ? take(cursor, length).toString() : take(cursor, length)
      }
      default:
        if (has(nullableVersions, this.version) && readInteger(cursor, 1) < 0n) return null
        return this.#decodeStruct(this.#fieldsOf(type, fields), cursor)
    }
  }

  #readLength(cursor: Cursor, size: number): number {
    return this.flexible ? readVarint(cursor) - 1 : Number(readInteger(cursor, size))
  }
}

interface Cursor {
  readonly bytes: Buffer
  at: number
}

function take(cursor: Cursor, length: number): Buffer {
  cursor.at += length
  if (cursor.at > cursor.bytes.length) throw new Error('The bytes end early')
  return Buffer.from(cursor.bytes.subarray(cursor.at - length, cursor.at))
}

function readInteger(cursor: Cursor, size: number): bigint {
  return BigInt.asIntN(size * 8, BigInt(`0x${take(cursor, size).toString('hex')}`))
}

function readVarint(cursor: Cursor): number {
  const [byte] = take(cursor, 1)
  return byte < 128 ? byte : (byte % 128) + 128 * readVarint(cursor)
}

function varint(value: number): Buffer {
  return value < 128
    ? Buffer.from([value])
    : Buffer.concat([Buffer.from([128 + (value % 128)]), varint(Math.floor(value / 128))])
}

function bigEndian(size: number, value: bigint): Buffer {
  const digits = BigInt.asUintN(size * 8, value).toString(16)
  return Buffer.from(digits.padStart(size * 2, '0'), 'hex')
}
