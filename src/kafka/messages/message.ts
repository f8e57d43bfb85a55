import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'

/** One kind of request, and the versions of it that the gateway writes and reads. */
export interface Api {
  readonly key: number
  readonly min: number
  readonly max: number
  /** From this version on lengths are compact and fields can be tagged (KIP-482). */
  readonly flexibleSince: number
}

/**
 * One kind of request and its answer, in all versions that both sides may know. What a field means can depend on the version,
 * so a caller that relies on one narrows the range: `{ ...createTopics, min: 4 }`.
 */
export interface Message<Request, Response> extends Api {
  write(writer: WireWriter, version: number, request: Request): void
  read(reader: WireReader, version: number): Response
}

/** Id of a topic that has none. */
export const NO_UUID = Buffer.alloc(16)

export function writeBoolean(writer: WireWriter, value: boolean): void {
  writer.int8(value ? 1 : 0)
}

export function writeBytes(writer: WireWriter, value: Buffer | null): void {
  if (value === null) writer.arrayLength(-1)
  else writer.bytes(value)
}

export function writeArray<T>(writer: WireWriter, values: readonly T[] | null, write: (value: T) => void): void {
  writer.arrayLength(values === null ? -1 : values.length)
  for (const value of values ?? []) write(value)
}

/** The presence of a struct that may be null. */
export function writePresence(writer: WireWriter, value: object | null): void {
  writer.int8(value === null ? -1 : 1)
}

/** A copy: answers are views of a buffer that is used again. */
export function readUuid(reader: WireReader): Buffer {
  return Buffer.from(reader.slice(16))
}

export function readBytes(reader: WireReader): Buffer | null {
  const bytes = reader.bytes()
  return bytes === null ? null : Buffer.from(bytes)
}

export function readArray<T>(reader: WireReader, read: () => T): T[] | null {
  const length = reader.arrayLength()
  if (length < 0) return null
  const values: T[] = []
  for (let count = length; count > 0; count--) values.push(read())
  return values
}

/** Calls `read` for each tagged field, and steps over what it leaves. */
export function readTags(reader: WireReader, read: (tag: number) => void): void {
  if (!reader.flexible) return
  for (let count = reader.uvarint(); count > 0; count--) {
    const tag = reader.uvarint()
    const end = reader.uvarint() + reader.position
    read(tag)
    reader.position = end
  }
}

/** A request that asks for what its version cannot say would be answered as if it had not asked. */
export function notInVersion(field: string, version: number): never {
  throw new RangeError(`Version ${version} of this request has no ${field}`)
}
