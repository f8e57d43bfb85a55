import { WireReader } from '../../../src/kafka/wire/wire-reader.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import type { BrokerRequest, ScriptedBroker } from '../transport/scripted-broker.ts'

export const LIST_OFFSETS = 2
export const CREATE_TOPICS = 19
export const DELETE_TOPICS = 20

export interface AskedOffset {
  readonly topic: string
  readonly partition: number
  readonly leaderEpoch: number
  readonly timestamp: number
  readonly isolation: number
}

export interface GivenOffset {
  readonly errorCode?: number
  readonly offset?: number
}

/** Makes the broker answer ListOffsets with what `give` says of each partition; null leaves the request unanswered. */
export function serveOffsets(
  broker: ScriptedBroker,
  give: (asked: AskedOffset) => GivenOffset | null,
  maxVersion = 7
): AskedOffset[] {
  const all: AskedOffset[] = []
  broker.apis.set(LIST_OFFSETS, {
    max: maxVersion,
    flexibleSince: 6,
    serve: ({ version, body, answer }) => {
      const flexible = version >= 6
      const reader = new WireReader(body, flexible)
      reader.int32()
      const isolation = reader.int8()
      const writer = new WireWriter(flexible).int32(0).arrayLength(reader.arrayLength())
      const topic = reader.string() ?? ''
      const count = reader.arrayLength()
      writer.string(topic).arrayLength(count)
      let silent = false
      for (let left = count; left > 0; left--) {
        const partition = reader.int32()
        const leaderEpoch = version >= 4 ? reader.int32() : -1
        const asked = { topic, partition, leaderEpoch, timestamp: reader.int64(), isolation }
        reader.skipTags()
        all.push(asked)
        const given = give(asked)
        silent ||= given === null
        const { errorCode = 0, offset = -1 } = given ?? {}
        writer.int32(partition).int16(errorCode).int64(-1n).int64(BigInt(offset))
        if (version >= 4) writer.int32(leaderEpoch)
        writer.noTags()
      }
      if (!silent) answer(writer.noTags().noTags().finish())
    }
  })
  return all
}

/** Makes the broker take CreateTopics or DeleteTopics; `act` answers by {@link createAnswer} or {@link deleteAnswer}, hangs up, or keeps silent. */
export function serveTopics(broker: ScriptedBroker, key: number, act: (request: BrokerRequest) => void): void {
  const [min, max, flexibleSince] = key === CREATE_TOPICS ? [4, 6, 5] : [1, 5, 4]
  broker.apis.set(key, { min, max, flexibleSince, serve: act })
}

/** An answer to CreateTopics of the newest version served here. */
export function createAnswer(name: string, errorCode: number, reason: string | null = null, throttleMs = 0): Buffer {
  const writer = new WireWriter(true).int32(throttleMs).arrayLength(1).string(name).int16(errorCode).string(reason)
  const configs = errorCode === 0 ? 0 : -1
  return writer.int32(1).int16(1).arrayLength(configs).noTags().noTags().finish()
}

/** An answer to DeleteTopics of the newest version served here. */
export function deleteAnswer(name: string, errorCode: number): Buffer {
  const writer = new WireWriter(true).int32(0).arrayLength(1).string(name).int16(errorCode).string(null)
  return writer.noTags().noTags().finish()
}
