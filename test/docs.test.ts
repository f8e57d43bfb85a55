import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { v1Routes } from '../src/api/v1/api.ts'
import { v2Routes } from '../src/api/v2/api.ts'

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

const COMMANDS = 'test/features/docs/commands.test.ts'
/** Each block of shell lines in the order of its page: the test that runs it, or why none does. */
const SHELL: Readonly<Record<string, readonly string[]>> = {
  'README.md': [
    'test/cli/dev.test.ts',
    COMMANDS,
    COMMANDS,
    'not run: it runs the tests',
    `${COMMANDS}, the configuration of the page; what is served then, test/cli/serve.test.ts`
  ],
  'CONTRIBUTING.md': ['not run: it measures for an hour, on a machine that does nothing else'],
  'docs/api-v2.md': [COMMANDS],
  'docs/api.md': [COMMANDS, COMMANDS, COMMANDS, COMMANDS, COMMANDS, COMMANDS],
  'docs/consumers.md': [COMMANDS],
  'docs/getting-started.md': ['test/features/docs/getting-started.test.ts'],
  'docs/operations.md': ['test/features/operations/check-connect.test.ts', COMMANDS],
  'docs/release.md': ['test/package/release.test.ts; test/package/install.test.ts installs it, into a folder'],
  'docs/security.md': [
    COMMANDS,
    'test/cli/key.test.ts',
    'not run, as its host is an example: test/features/security/callers.test.ts makes the call',
    'test/cli/user.test.ts',
    'not run, as its host is an example: test/features/security/callers.test.ts makes the call',
    'not run, as its host is an example: test/features/security/client-certificates.test.ts makes the call',
    'not run, as its hosts are examples: test/features/security/support/acl-cluster.ts does the same by an API'
  ],
  'deploy/README.md': [
    'not run, for want of Docker and Kubernetes: test/deploy/deploy.test.ts judges the files',
    'not run, for want of Docker and Kubernetes: test/features/operations/check-connect.test.ts runs the command'
  ]
}

suite('The documentation', () => {
  test('has no lines for the shell that no test runs, unless it is said why', () => {
    const blocks = [...pages, 'deploy/README.md'].flatMap(page =>
      Array.from(text(page).matchAll(/^```(sh|bash|shell|console)$/gm), () => page)
    )
    const listed = Object.entries(SHELL).flatMap(([page, fates]) => fates.map(() => page))
    assert.deepEqual(blocks.toSorted(), listed.toSorted())
    for (const fate of Object.values(SHELL).flat())
      for (const [path] of fate.matchAll(/test\/[\w./-]+\.ts/g)) assert.ok(existsSync(new URL(path, root)), path)
    for (const [page, fates] of Object.entries(SHELL))
      if (fates.includes(COMMANDS)) assert.ok(text(COMMANDS).includes(`'${page}'`), page)
  })

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
