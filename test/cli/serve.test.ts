import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kafkaRestProxy } from './support/command-line.ts'

test('serve without a configuration starts nothing and says what is missing', async () => {
  const { exitCode, stdout, stderr } = await kafkaRestProxy(['serve'])
  assert.deepEqual([exitCode, stdout], [1, ''])
  const lines = stderr.trimEnd().split('\n')
  assert.equal(lines.length, 4)
  assert.match(lines[0], /^listen\.tls is missing/)
  assert.match(lines[1], /^kafka\.bootstrapServers is missing/)
  assert.match(lines[2], /^auth\.oidc .*say so in so many words: auth\.mode: none$/)
  assert.match(lines[3], /^auth\.permittedGroups is empty/)
})

test('serve with a file that does not exist says so in one line', async () => {
  const { exitCode, stdout, stderr } = await kafkaRestProxy(['serve', '--config', '/nowhere/config.yaml'])
  assert.deepEqual([exitCode, stdout], [1, ''])
  assert.equal(stderr, '/nowhere/config.yaml: cannot be read: no such file or directory\n')
})
