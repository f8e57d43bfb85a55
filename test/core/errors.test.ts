import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { errorNumbers } from '../../src/api/v1/errors.ts'
import { errorCatalogue, type ErrorKind } from '../../src/core/error-catalogue.ts'
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts'

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const documented = new Map(
  [...page.matchAll(/^\| `([A-Z_]+)` +\| (\d+) +\| (\d+) +\| (yes|no) +\| (.+?) +\| (.+?) +\|$/gm)].map(
    ([, code, ...columns]) => [code, columns]
  )
)
const catalogue: [string, ErrorKind][] = Object.entries(errorCatalogue)

suite('The catalogue of errors', () => {
  test('has sixty-nine codes; another one is a decision, not an accident', () => {
    assert.equal(catalogue.length, 69)
  })

  test('is documented whole, as it is', () => {
    for (const [code, { status, retriable, summary }] of catalogue) {
      assert.deepEqual(documented.get(code)?.slice(1, 4), [String(status), retriable ? 'yes' : 'no', summary], code)
    }
  })

  test('holds every code that is documented', () => {
    assert.deepEqual(
      [...documented.keys()],
      catalogue.map(([code]) => code)
    )
  })

  test('has a number of its own in v1 for each code, under its HTTP status and as documented', () => {
    const numbers = Object.entries(errorNumbers)
    assert.deepEqual(
      numbers.map(([code, number]) => [code, String(number)]),
      [...documented].map(([code, [number]]) => [code, number])
    )
    assert.equal(new Set(Object.values(errorNumbers)).size, numbers.length)
    for (const [code, { status }] of catalogue)
      assert.equal(Math.floor(errorNumbers[code as ErrorCode] / 100), status, code)
  })

  test('holds no code that nothing raises', () => {
    const folder = new URL('../../src/', import.meta.url)
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      name => name.endsWith('.ts') && name !== 'core/error-catalogue.ts'
    )
    const source = files.map(name => readFileSync(new URL(name, folder), 'utf8')).join('\n')
    for (const [code] of catalogue) assert.ok(source.includes(`'${code}'`), `${code} is raised somewhere`)
  })

  test('lets an error be less retriable than its kind, and never shows the text for the log', () => {
    const error = new GatewayError('KAFKA_UNAVAILABLE', 'for the caller', {
      detail: 'broker 10.0.0.1',
      retriable: false
    })
    assert.deepEqual([error.status, error.retriable, error.message], [503, false, 'for the caller'])
  })
})
