import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { FromSchema } from '../../../src/core/json-schema.ts'
import { named, namedSchemas, orNull } from '../../../src/http/openapi/schema.ts'

const broker = named('Broker', {
  type: 'object',
  required: ['id', 'rack'],
  properties: {
    id: { type: 'integer' },
    rack: orNull({ type: 'string', minLength: 1 }),
    note: { enum: ['old', 'new'] }
  },
  additionalProperties: false
})
const partition = named('Partition', {
  type: 'object',
  required: ['leader', 'replicas'],
  properties: { leader: orNull(broker), replicas: { type: 'array', items: broker } },
  additionalProperties: false
})

suite('A schema', () => {
  test('that is named prints as a reference, and is found by its name wherever it is used', () => {
    const reference = { $ref: '#/components/schemas/Broker' }
    assert.deepEqual(JSON.parse(JSON.stringify(broker)), reference)
    const found = namedSchemas([{ deep: [partition] }])
    assert.deepEqual([...found.keys()], ['Broker', 'Partition'])
    assert.deepEqual(JSON.parse(JSON.stringify(found.get('Partition')?.properties)), {
      leader: { anyOf: [reference, { type: 'null' }] },
      replicas: { type: 'array', items: reference }
    })
  })

  test('admits null besides, by its type or by a choice', () => {
    assert.deepEqual(orNull({ type: 'integer', minimum: 1 }), { type: ['integer', 'null'], minimum: 1 })
    assert.deepEqual(orNull({ enum: ['a'] }), { anyOf: [{ enum: ['a'] }, { type: 'null' }] })
  })

  test('has the type of what it admits, references and null included', () => {
    const value: FromSchema<typeof partition> = { leader: null, replicas: [{ id: 1, rack: 'a', note: 'old' }] }
    const types: [{ id: number } | null, string | null, 'old' | 'new' | undefined] = [
      value.leader,
      value.replicas[0].rack,
      value.replicas[0].note
    ]
    assert.equal(types.length, 3)
    // @ts-expect-error -- not one of the words
    value.replicas[0].note = 'loud'
    // @ts-expect-error -- it may not be missing
    value.replicas.push({ id: 1 })
  })
})
