import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { compilePattern } from '../../../src/gateway/instances/topic-pattern.ts'

/** Patterns on whose meaning RE2, Java and JavaScript agree. */
const atom = fc.oneof(
  fc.constantFrom('a', 'b', '-', '\\.', '.', '[ab]', '[^a]', '\\d', '\\w', '(?:a|b)', '(ab)', '[a-c_-]'),
  fc.constantFrom('a', 'b')
)
const pattern = fc
  .array(fc.tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{1,2}')), { maxLength: 6 })
  .map(parts => parts.map(part => part.join('')).join(''))
const topic = fc.stringMatching(/^[abc.\-_1]{1,8}$/)

suite('Rule 12: a pattern of topics', () => {
  test('matches whole names as JavaScript does, where the two syntaxes agree', async () => {
    await fc.assert(
      fc.asyncProperty(pattern, fc.array(topic), async (text, topics) => {
        const isMeant = await compilePattern(text)
        const expected = new RegExp(`^(?:${text})$`)
        for (const name of topics) assert.equal(isMeant(name), expected.test(name), `${text} on ${name}`)
      })
    )
  })

  test('is refused in words for what RE2 does not have, or reads otherwise than Java', async () => {
    for (const text of [
      '(?=a)a',
      '(?<!a)b',
      '(a)\\1',
      'a*+',
      '(?>a)',
      '[a',
      '(a',
      'a{2,1}',
      'a{1,5000}',
      '[a-z&&[^b]]',
      '[a[b]]',
      '\\p{javaLowerCase}',
      'x'.repeat(1025)
    ])
      await assert.rejects(compilePattern(text), { code: 'INVALID_INSTANCE', message: /^topic_pattern: / }, text)
  })

  test('takes what only looks like that', async () => {
    for (const [text, name] of [
      ['[]a]', 'a'],
      ['[^]a]', 'b'],
      ['\\[a\\[b', '[a[b'],
      ['[[:alpha:]]', 'x'],
      ['[\\[]', '['],
      ['a&&b', 'a&&b'],
      ['[[:digit:]_]+', '1_2'],
      ['\\Qa.b\\E', 'a.b'],
      ['(?i)A', 'a'],
      ['\\p{L}+', 'é']
    ])
      assert.ok((await compilePattern(text))(name), text)
  })

  test('takes no longer for one that would keep a backtracking matcher busy for years', async () => {
    const isMeant = await compilePattern('(a+)+(a+)+$|((a|aa)*)*b')
    const startedMs = performance.now()
    assert.equal(isMeant(`${'a'.repeat(248)}!`), false)
    assert.ok(performance.now() - startedMs < 1000)
  })
})
