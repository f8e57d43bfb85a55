import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { v2Routes } from '../src/api/v2/api.ts'
import { v1Routes } from '../src/api/v1/api.ts'

const root = new URL('../', import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(new URL('docs/', root))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`)
]

suite('The documentation', () => {
  test('promises nothing without a test that holds it, and every test of a promise is named', () => {
    const guarantees = text('docs/guarantees.md')
    const rows = guarantees.split('\n').filter(line => line.startsWith('|') && !/^\| (-|.*held by)/.test(line))
    assert.ok(rows.length > 20)
    for (const row of rows) assert.match(row, /\]\(\.\.\/test\/[^)]+\.ts\) *(,|\|$)/, row)
    for (const name of readdirSync(new URL('test/integrity/', root)))
      if (/\.(test|long)\.ts$/.test(name)) assert.ok(guarantees.includes(name), name)
  })

  test('names every npm script that it tells to run', () => {
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> }
    for (const page of pages) {
      for (const [, name] of text(page).matchAll(/npm run ([a-z:-]+)/g))
        assert.ok(scripts[name] !== undefined, `${page}: npm run ${name}`)
    }
    assert.match(text('README.md'), /npm ci && npm start\n[\s\S]*npm ci && npm test\n/)
    assert.match(text('.ci/run'), /^npm ci && npm test$/m)
  })

  test('lists every route of the API, and no other', () => {
    const routes = v1Routes.map(({ method, path }) => `${method} ${path}`)
    const listed = [...text('docs/api.md').matchAll(/^\| `([A-Z]+ \/v1\/[^`?]+)/gm)].map(([, route]) => route)
    assert.deepEqual(listed.toSorted(), routes.toSorted())
  })

  test('lists every route of v2, and no other', () => {
    const routes = v2Routes('strimzi').map(({ method, path }) => `${method} ${path}`)
    const listed = [
      ...text('docs/api-v2.md').matchAll(/^\| `([A-Z]+ \/(?:topics|brokers|admin|consumers)[^`?]*)/gm)
    ].map(([, route]) => route)
    assert.deepEqual(listed.toSorted(), routes.toSorted())
  })

  test('shows a configuration that is YAML, with members that exist', () => {
    const [, yaml] = /```yaml\n([\s\S]+?)```/.exec(text('README.md')) ?? []
    const config = parse(yaml) as Record<string, object>
    const reference = text('docs/configuration.md')
    for (const [section, members] of Object.entries(config)) {
      for (const member of Object.keys(members))
        assert.ok(reference.includes(`${section}.${member}`), `${section}.${member}`)
    }
  })

  test('gives the audience of HDInsight to nobody but those who migrate: its tokens would be replayed here', () => {
    const listed = (folder: string) =>
      readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' }).map(name => `${folder}${name}`)
    const shipped = [...listed('deploy/'), ...listed('examples/'), ...pages, 'docs/openapi.json']
    const naming = shipped.filter(path => /\.\w+$/.test(path) && text(path).includes('hib.azurehdinsight.net'))
    assert.deepEqual(naming, ['docs/migration.md'])
  })

  test('names no path of a machine and no host of a package registry', () => {
    for (const page of pages) assert.doesNotMatch(text(page), /\/(root|home|work|tmp)\//, page)
  })
})
