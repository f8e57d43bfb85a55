import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import fc from 'fast-check'
import { generate, generateNames, messagesOf } from '../../../scripts/messages/generate.ts'
import { openJar } from '../../../scripts/messages/jar.ts'
import { kafkaJars, kafkaVersion } from '../../../src/dev/kafka/jars.ts'
import type { Message } from '../../../src/kafka/messages/message.ts'
import { WireReader } from '../../../src/kafka/wire/wire-reader.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { Interpreter, type Definition, type Value } from './interpreter.ts'

const FOLDER = new URL('../../../src/kafka/messages/', import.meta.url)
const RUNS = 15

suite('The messages of Kafka', () => {
  let libs: string
  let definitionOf: (name: string) => Definition
  const messages = new Map<string, Message<object, object>>()

  before(async () => {
    libs = await kafkaJars('.local', () => undefined)
    const read = openJar(join(libs, `kafka-clients-${kafkaVersion}.jar`))
    definitionOf = name =>
      JSON.parse(
        read(`common/message/${name}.json`)
          .toString()
          .replaceAll(/^ *\/\/.*$/gm, '')
      )
    for (const name of messagesOf(libs, kafkaVersion).keys()) {
      const file = `${name.replaceAll(/(?<!^)[A-Z]/g, '-$&').toLowerCase()}.ts`
      const exported = (await import(new URL(file, FOLDER).href)) as Record<string, Message<object, object>>
      messages.set(name, exported[name[0].toLowerCase() + name.slice(1)])
    }
  })

  const eachVersion = (check: (name: string, message: Message<object, object>, version: number) => void) => {
    for (const [name, message] of messages)
      for (let version = message.min; version <= message.max; version++) check(name, message, version)
  }

  test('are those that the generator makes of the definitions in the jar, and so are the names of their APIs', async () => {
    const generated = await generate(libs, kafkaVersion)
    const committed = readdirSync(FOLDER).filter(name => name !== 'message.ts')
    assert.deepEqual(committed.toSorted(), [...generated.keys()].toSorted())
    for (const [file, text] of generated) assert.equal(readFileSync(new URL(file, FOLDER), 'utf8'), text, file)
    const names = new URL('../../core/kafka-apis.ts', FOLDER)
    assert.equal(readFileSync(names, 'utf8'), await generateNames(libs, kafkaVersion))
  })

  test('are written in each version as an interpreter of the definitions reads them', () => {
    eachVersion((name, message, version) => {
      const interpreter = new Interpreter(definitionOf(`${name}Request`), version)
      assert.equal(version >= message.flexibleSince, interpreter.flexible, name)
      const written = (value: Value) => {
        const writer = new WireWriter(interpreter.flexible)
        message.write(writer, version, value)
        return interpreter.decode(writer.finish())
      }
      fc.assert(
        fc.property(interpreter.values(false), value => assert.deepEqual(written(value), value, `${name} ${version}`)),
        { numRuns: RUNS }
      )
    })
  })

  test('are read in each version as an interpreter of the definitions writes them, unknown tagged fields skipped', () => {
    eachVersion((name, message, version) => {
      const interpreter = new Interpreter(definitionOf(`${name}Response`), version)
      fc.assert(
        fc.property(interpreter.values(true), value => {
          const reader = new WireReader(interpreter.encode(value), interpreter.flexible)
          assert.deepEqual(message.read(reader, version), value, `${name} ${version}`)
          assert.equal(reader.position, reader.buffer.length)
        }),
        { numRuns: RUNS }
      )
    })
  })

  test('are refused where a version cannot say what is asked for, unless Kafka lets the field be left out', () => {
    const offsetFetch = messages.get('OffsetFetch')
    assert.throws(
      () => offsetFetch?.write(new WireWriter(true), 6, { groupId: 'g', topics: null, requireStable: true }),
      /^RangeError: Version 6 of this request has no requireStable$/
    )
    const offsetCommit = messages.get('OffsetCommit')
    assert.ok(offsetCommit !== undefined)
    offsetCommit.write(new WireWriter(false), 5, { groupId: 'g', topics: [], memberId: 'm', retentionTimeMs: 5n })
  })

  test('that end early are refused, wherever they are cut', () => {
    const interpreter = new Interpreter(definitionOf('MetadataResponse'), 12)
    const [value] = fc.sample(interpreter.values(true), { numRuns: 1, seed: 7 })
    const bytes = interpreter.encode(value)
    for (let length = 0; length < bytes.length; length++)
      assert.throws(
        () => messages.get('Metadata')?.read(new WireReader(bytes.subarray(0, length), true), 12),
        RangeError
      )
  })
})
