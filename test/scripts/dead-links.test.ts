import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { deadLinks } from '../../scripts/dead-links.ts'

test('links to files and sections that are not there are found, in prose only', t => {
  const root = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-links-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'docs'))
  writeFileSync(
    join(root, 'README.md'),
    `# Title
[there](docs/a.md) [its section](docs/a.md#one-and-two-v1) [own section](#title) [outside](https://example.com/x)
[gone](docs/gone.md) [no section](docs/a.md#three) [none here](#nothing)
\`\`\`md
[not a link](docs/example.md)
\`\`\`
`
  )
  writeFileSync(join(root, 'docs', 'a.md'), '# A\n\n## One, and `two`: v1\n\n[back](../README.md)\n')
  assert.deepEqual(deadLinks(root, ['README.md', 'docs/a.md']), [
    'README.md links to docs/gone.md, which is not there',
    'README.md links to docs/a.md#three: no such section',
    'README.md links to #nothing: no such section'
  ])
})
