import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'

export const DESCRIBE_CONFIGS = 32
/** Versions that a broker offers whose answers are those of {@link describedConfigs}. */
export const DESCRIBE_CONFIGS_4 = { min: 1, max: 4, flexibleSince: 4 }
/** Kind of a resource. */
export const TOPIC = 2

interface Described {
  readonly name: string
  readonly errorCode: number
  readonly configs?: Readonly<Record<string, string | null>>
}

/** An answer of version 4 about topics. */
export function describedConfigs(...topics: readonly Described[]): Buffer {
  const writer = new WireWriter(true).int32(0).arrayLength(topics.length)
  for (const { name, errorCode, configs = {} } of topics) {
    const entries = Object.entries(configs)
    writer.int16(errorCode).string(null).int8(TOPIC).string(name).arrayLength(entries.length)
    for (const [key, value] of entries)
      writer.string(key).string(value).int8(0).int8(5).int8(0).arrayLength(0).int8(2).string(null).noTags()
    writer.noTags()
  }
  return writer.noTags().finish()
}
