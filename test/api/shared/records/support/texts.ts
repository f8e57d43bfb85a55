import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { GatewayError } from '../../../../../src/core/errors.ts'

export const limits = { jsonDepth: 512, recordsPerRequest: 100_000 }

export const space = fc.constantFrom('', '', '', ' ', '\n', '\t\r ')

/** Text of all lengths and kinds, lone surrogates left out. */
export const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '/', '\b', '\f', '\n', '\r', '\t', '\u0000', '\u007f', 'a', 'é', '😀', '€')
  })
)

/** The text as a JSON string, each character by itself, by its short escape where it has one, or by its code units. */
export function jsonString(value: string, forms: readonly number[]): string {
  const pieces = Array.from(value, (character, at) => {
    const form = forms.length === 0 ? 0 : forms[at % forms.length]
    if (form === 2) return units(character)
    if (form === 1 && character === '/') return '\\/'
    return JSON.stringify(character).slice(1, -1)
  })
  return `"${pieces.join('')}"`
}

function units(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    const hex = character.charCodeAt(at).toString(16).padStart(4, '0')
    return `\\u${at % 2 === 0 ? hex : hex.toUpperCase()}`
  }).join('')
}

export const forms = fc.array(fc.constantFrom(0, 0, 1, 2), { maxLength: 5 })

/** An object of these members, in any order, with white space and escapes in odd places. */
export function jsonObject(members: readonly (readonly [name: string, json: string])[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.shuffledSubarray([...members], { minLength: members.length }), forms, space, space)
    .map(
      ([shuffled, forms, before, after]) =>
        `${before}{${before}${shuffled.map(([name, json]) => `${after}${jsonString(name, forms)}${before}:${after}${json}${before}`).join(',')}}${after}`
    )
}

/** Code and message of what is thrown. */
export function refusal(run: () => unknown): [code: string, message: string] {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error))
    return [error.code, error.message]
  }
  return ['accepted', '']
}
