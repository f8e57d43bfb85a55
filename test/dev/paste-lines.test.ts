import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { pasteLines, tokenCommand } from '../../src/dev/paste-lines.ts'

/** The arguments that a shell passes to curl; the token's line is left out. */
const argumentsOf = (line: string): string[] =>
  execFileSync('sh', ['-c', `TOKEN=t; curl() { printf '%s\\n' "$@"; }; ${line}`], { encoding: 'utf8' }).split('\n')

suite('The lines to paste', () => {
  for (const folder of ['.local/certs', 'my data/certs', "it's $HOME/`id`/certs"]) {
    test(`name the authority's file as one word of the shell: ${folder}`, () => {
      const caFile = join(folder, 'ca.pem')
      const options = { gatewayUrl: 'https://localhost:9400', caFile: join(process.cwd(), caFile) }
      const [token, ...calls] = pasteLines(options, 'krp_x')
      assert.equal(token, 'TOKEN=krp_x')
      assert.equal(calls.length, 4)
      for (const line of calls) {
        const given = argumentsOf(line)
        assert.equal(given[given.indexOf('--cacert') + 1], caFile)
      }
      const command = tokenCommand({ ...options, tokenUrl: 'https://localhost:9401/t' })
      assert.equal(command.split(' --cacert ')[1].startsWith(calls[0].split(' --cacert ')[1].split(' -H ')[0]), true)
    })
  }
})
