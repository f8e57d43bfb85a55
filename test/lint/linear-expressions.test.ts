import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const RULE = 'kafka-rest/linear-expressions'

/** The messages of the linter, with this rule alone, about each line of a program. */
function judged(context: TestContext, lines: readonly string[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'lint-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const [config, program] = [join(folder, 'config.json'), join(folder, 'program.ts')]
  const jsPlugins = [join(root, 'test/lint/linear-expressions.ts')]
  writeFileSync(config, JSON.stringify({ jsPlugins, categories: { correctness: 'off' }, rules: { [RULE]: 'error' } }))
  writeFileSync(program, lines.join('\n'))
  const { stdout } = spawnSync('npx', ['oxlint', '-c', config, '--format', 'json', program], {
    cwd: root,
    encoding: 'utf8'
  })
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { message: string; labels: { span: { line: number } }[] }[]
  }
  return lines.map((_, at) =>
    diagnostics.filter(({ labels }) => labels[0].span.line === at + 1).map(({ message }) => message)
  )
}

suite('A regular expression', () => {
  test(
    'that meets bytes of a stranger is refused by the linter unless its time is in proportion to what it reads',
    { timeout: 60_000 },
    context => {
      const quadratic = ['This expression is not linear (2nd degree polynomial).']
      // As the fields of a head were once read: spaces before a byte that is not plain cost the square of their number.
      const once = "/([!#$%&'*+\\-.^_`|~0-9A-Za-z]+):[ \\t]*([\\t -~]*)\\r\\n/y"
      const found = judged(context, [
        `export const a = ${once}`,
        `export const b = ${once.replace('([\\t -~]*)', '((?:[!-~][\\t -~]*)?)')}`,
        "export const c = new RegExp('^(ab)*(ab)*$')",
        "export const d = 'text'.replaceAll(/(a+)+$/g, '')",
        'export const e = RegExp(String(process.argv))'
      ])
      assert.deepEqual(found, [
        quadratic,
        [],
        quadratic,
        ['This expression is not linear (exponential).'],
        ['The pattern is made at run time: nobody can judge it.']
      ])
    }
  )

  test('is judged wherever bytes of a stranger come to', () => {
    const { overrides } = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as {
      overrides: { files: string[]; rules: Record<string, string> }[]
    }
    const folders = overrides.filter(({ rules }) => rules[RULE] === 'error').flatMap(({ files }) => files)
    assert.deepEqual(folders, ['src/auth/**', 'src/config/**', 'src/core/**', 'src/http/**', 'src/telemetry/**'])
  })
})
