import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { jsonBody } from '../../../src/api/shared/json-body.ts'
import { GatewayError } from '../../../src/core/errors.ts'

const schema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 249 },
    count: { type: ['integer', 'null'], minimum: 1, maximum: 5 },
    ratio: { type: 'number', minimum: 0 },
    on: { type: ['boolean', 'string'] },
    mode: { enum: ['fast', 'safe', null] },
    server: { type: 'string', pattern: '^[^:]+:\\d+$', expects: 'a text such as host:port' },
    time: { type: 'string', pattern: '^\\d+$' },
    start: { anyOf: [{ type: 'integer', minimum: 0 }, { enum: ['earliest', 'latest'] }] },
    kind: { const: 'x' },
    list: {
      type: 'array',
      minItems: 1,
      maxItems: 2,
      uniqueItems: true,
      items: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'integer' }, extra: { type: 'string' }, more: { type: 'string' } },
        dependentRequired: { extra: ['more'] }
      }
    },
    map: {
      type: 'object',
      maxProperties: 2,
      propertyNames: { pattern: '^[a-z/~]+$' },
      additionalProperties: { type: ['string', 'null'] }
    },
    none: { type: 'object', additionalProperties: false }
  },
  additionalProperties: false
} as const

const read = jsonBody(schema)

async function outcome(json: string, reader: (body: { bytes: Buffer; release(): void }) => Promise<unknown> = read) {
  let released = 0
  try {
    return await reader({ bytes: Buffer.from(json), release: () => void released++ })
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return [error.code, error.message]
  } finally {
    assert.equal(released, 1, 'The bytes are given back once.')
  }
}

suite('A body with a schema', () => {
  test('is what was sent, neither converted nor filled in, with the type that the schema admits', async () => {
    const body = {
      name: 'a',
      count: null,
      on: 'true',
      mode: 'fast',
      start: 'latest',
      list: [{ id: 1, other: [] }],
      map: { a: null }
    }
    assert.deepEqual(await outcome(JSON.stringify(body)), body)
    const { name, count, list } = await read({ bytes: Buffer.from('{"name":"a"}'), release: () => undefined })
    const typed: [string, number | null | undefined, number | undefined] = [name, count, list?.[0].id]
    assert.deepEqual(typed, ['a', undefined, undefined])
  })

  test('is refused with the member at fault, and what was expected', async () => {
    const cases: [member: string, message: string][] = [
      ['"name":1', 'name must be a string of 1 to 249 characters.'],
      ['"name":""', 'name must be a string of 1 to 249 characters.'],
      ['"count":6', 'count must be a whole number from 1 to 5 or null.'],
      ['"count":1.5', 'count must be a whole number from 1 to 5 or null.'],
      ['"count":"1"', 'count must be a whole number from 1 to 5 or null.'],
      ['"ratio":-1', 'ratio must be a number from 0.'],
      ['"on":1', 'on must be a boolean or a string.'],
      ['"mode":"slow"', 'mode must be "fast", "safe" or null.'],
      ['"server":"kafka"', 'server must be a text such as host:port.'],
      ['"time":"now"', 'time must be a string that matches ^\\d+$.'],
      ['"start":-1', 'start must be a whole number from 0, "earliest" or "latest".'],
      ['"kind":"y"', 'kind must be "x".'],
      ['"list":[]', 'list must be an array of 1 to 2 entries.'],
      ['"list":[{"id":1},{"id":1}]', 'list has the same entry twice.'],
      ['"list":[{}]', "list[0] has no member 'id'."],
      ['"list":[{"id":1},{"id":"2"}]', 'list[1].id must be a whole number.'],
      ['"list":[{"id":1,"extra":""}]', "list[0] has no member 'more', which belongs to 'extra'."],
      ['"list":{}', 'list must be an array of 1 to 2 entries.'],
      ['"map":{"a/~b":1}', 'map.a/~b must be a string or null.'],
      ['"map":{"a":"","b":"","c":""}', 'map must be an object of at most 2 members.'],
      ['"map":{"A":""}', "map has a member 'A', a name that is not allowed here."],
      ['"none":{"a":1}', "none has a member 'a', which is not known; it takes none."],
      [
        '"__proto__":1',
        `The body has a member '__proto__', which is not known; it takes ${Object.keys(schema.properties).join(', ')}.`
      ]
    ]
    for (const [member, message] of cases) {
      const json = member.startsWith('"name"') ? `{${member}}` : `{"name":"a",${member}}`
      assert.deepEqual(await outcome(json), ['INVALID_BODY', message], json)
    }
    assert.deepEqual(await outcome('[]'), ['INVALID_BODY', 'The body must be an object.'])
    assert.deepEqual(await outcome('{'), ['MALFORMED_JSON', 'The body ends at byte 1, in the middle of a value.'])
  })

  test('is refused with the kind of fault, for dialects that have a code for each', async () => {
    const kinds: [json: string, fault: string][] = [
      ['{}', 'missing'],
      ['', 'missing'],
      ['{"name":"a","list":[{"id":1,"extra":""}]}', 'missing'],
      ['{"name":"a","other":1}', 'unknown'],
      ['{"name":1}', 'value'],
      ['{"name":"a","name":"a"}', 'value'],
      ['{"name":"\\ud800"}', 'encoding']
    ]
    for (const [json, fault] of kinds)
      await assert.rejects(
        read({ bytes: Buffer.from(json), release: () => undefined }),
        { code: 'INVALID_BODY', fault },
        json
      )
  })

  test('counts as an empty object without a byte', async () => {
    assert.deepEqual(await outcome(''), ['INVALID_BODY', "The body has no member 'name'."])
    assert.deepEqual(await outcome('', jsonBody({ type: 'object' })), {})
  })

  test('keeps members that are not known, unless the schema refuses them', async () => {
    assert.deepEqual(await outcome('{"a":1}', jsonBody({ type: 'object', properties: {} })), { a: 1 })
  })

  test('may not be large: a mebibyte, unless it is said otherwise', async () => {
    const large = `"${'x'.repeat(1024 * 1024)}"`
    assert.deepEqual(await outcome(large), ['BODY_TOO_LARGE', 'This body may have at most 1048576 bytes.'])
    const little = jsonBody({ type: 'string' }, { bytes: 3, depth: 1 })
    assert.equal(await outcome('"a"', little), 'a')
    assert.deepEqual(await outcome('"ab"', little), ['BODY_TOO_LARGE', 'This body may have at most 3 bytes.'])
  })
})
