import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Type as TypeBox } from 'typebox'
import { type Static, Type } from '../../src/core/json-schema.ts'

/** One of each kind, as the configuration and the description use them. */
const built = (of: typeof Type) =>
  of.Object(
    {
      name: of.String({ minLength: 1, pattern: '^[a-z]+$', expects: 'a name' }),
      port: of.Integer({ minimum: 0, maximum: 65_535, default: 9400, description: 'A port.' }),
      on: of.Optional(of.Boolean()),
      level: of.Enum(['info', 'debug'], { default: 'info' }),
      tls: of.Union([of.Literal('none'), of.Object({ file: of.String() })], { description: 'Or none.' }),
      list: of.Array(of.Object({ id: of.Optional(of.Integer()) }), { minItems: 1 }),
      extra: of.Optional(of.Unknown({ description: 'Anything.' })),
      map: of.Unsafe<Record<string, number>>({ type: 'object', additionalProperties: { type: 'integer' } })
    },
    { additionalProperties: false }
  )

const schema = built(Type)

suite('A schema', () => {
  test('prints as a library of JSON Schema writes it', () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library has the same names, and more.
    const theirs = built(TypeBox as unknown as typeof Type)
    assert.deepEqual(JSON.parse(JSON.stringify(schema)), JSON.parse(JSON.stringify(theirs)))
  })

  test('lets a member be missing in one object and not in another that has the same schema', () => {
    const text = Type.String()
    const object = Type.Object({ needed: text, free: Type.Optional(text) })
    assert.deepEqual(object.required, ['needed'])
  })

  test('has the type of what it admits', () => {
    const value: Static<typeof schema> = {
      name: 'a',
      port: 1,
      level: 'debug',
      tls: { file: 'x' },
      list: [{}],
      map: { a: 1 }
    }
    const { on, level, tls, extra } = value
    const types: [boolean | undefined, 'info' | 'debug', 'none' | { file: string }, unknown] = [on, level, tls, extra]
    assert.equal(types.length, 4)
    // @ts-expect-error -- not one of the words
    value.level = 'loud'
    // @ts-expect-error -- it may not be missing
    delete value.port
  })
})
