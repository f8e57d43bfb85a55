import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { configReference } from '../../src/config/reference.ts'
import { allSettings } from '../../src/config/setting.ts'
import { Folder } from './support/configs.ts'

const committed = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const folder = new Folder()

test('docs/configuration.md is what the schema says now (npm run docs:generate)', () => {
  assert.equal(committed, configReference())
})

test('every setting stands in the reference with its variable and a meaning', () => {
  for (const { name, variable, member } of allSettings) {
    const row = committed.split('\n').find(line => line.startsWith(`| \`${name}\` `))
    assert.ok(row?.includes(` \`${variable}\` `), name)
    assert.notEqual(member.description, '', name)
  }
})

test('the example of the reference is accepted', () => {
  folder.write('server.pem', 'pem')
  folder.write('server.key', 'pem')
  const [, example] = /```yaml\n(.*?)```/s.exec(committed) ?? []
  const file = folder.write('example.yaml', example)
  assert.equal(loadConfig({ file, env: {} }).config.auth.mode, 'on')
})
