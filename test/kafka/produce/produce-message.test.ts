import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import fc from 'fast-check'
import { openJar } from '../../../scripts/messages/jar.ts'
import { kafkaJars, kafkaVersion } from '../../../src/dev/kafka/jars.ts'
import {
  parseProduceResponse,
  PRODUCE_MAX_VERSION,
  PRODUCE_MIN_VERSION
} from '../../../src/kafka/produce/produce-message.ts'
import { Interpreter, type Definition } from '../messages/interpreter.ts'

/** An answer with the fields of Kafka's definition that matter to the gateway. */
interface Answer {
  readonly responses: readonly {
    readonly name: string
    readonly topicId: Buffer
    readonly partitionResponses: readonly {
      readonly index: number
      readonly errorCode: number
      readonly baseOffset: bigint
      readonly recordErrors: readonly { readonly batchIndex: number; readonly batchIndexErrorMessage: string | null }[]
      readonly errorMessage: string | null
      readonly currentLeader: { readonly leaderId: number; readonly leaderEpoch: number }
    }[]
  }[]
  readonly throttleTimeMs: number
  readonly nodeEndpoints: readonly {
    readonly nodeId: number
    readonly host: string
    readonly port: number
    readonly rack: string | null
  }[]
}

suite('The answer to Produce', () => {
  let definition: Definition

  before(async () => {
    const libs = await kafkaJars('.local', () => undefined)
    const text = openJar(join(libs, `kafka-clients-${kafkaVersion}.jar`))('common/message/ProduceResponse.json')
    definition = JSON.parse(text.toString().replaceAll(/^ *\/\/.*$/gm, ''))
  })

  test('is read in each version as an interpreter of the definition writes it, with the leaders that it names', () => {
    for (let version = PRODUCE_MIN_VERSION; version <= PRODUCE_MAX_VERSION; version++) {
      const interpreter = new Interpreter(definition, version)
      fc.assert(
        fc.property(interpreter.values(true), value => {
          const answer = value as unknown as Answer
          assert.deepEqual(parseProduceResponse(version, interpreter.encode(value)), expected(answer, version))
        }),
        { numRuns: 50 }
      )
    }
  })
})

function expected({ responses, throttleTimeMs, nodeEndpoints }: Answer, version: number) {
  return {
    throttleTimeMs,
    nodes: nodeEndpoints.map(({ nodeId: id, host, port, rack }) => ({ id, host, port, rack })),
    results: responses.flatMap(({ name, topicId, partitionResponses }) =>
      partitionResponses.map(({ index, errorCode, baseOffset, recordErrors, errorMessage, currentLeader }) => {
        const { leaderId: id, leaderEpoch: epoch } = currentLeader
        return {
          topic: version >= 13 ? topicId.toString('hex') : name,
          partition: index,
          errorCode,
          baseOffset: Number(baseOffset),
          recordErrors:
            recordErrors.length === 0
              ? undefined
              : new Map(recordErrors.map(({ batchIndex, batchIndexErrorMessage: text }) => [batchIndex, text])),
          message: errorMessage,
          currentLeader: version < 10 || errorCode === 0 || id < 0 || epoch < 0 ? undefined : { id, epoch }
        }
      })
    )
  }
}
