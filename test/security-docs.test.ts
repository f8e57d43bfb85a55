import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Policy } from '../src/auth/policy.ts'
import { loadConfig } from '../src/config/load.ts'
import { operations } from '../src/core/principal.ts'
import { Folder } from './config/support/configs.ts'

const page = readFileSync(new URL('../docs/security.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/```yaml\n([\s\S]+?)```/g)].map(([, yaml]) => yaml)
const folder = new Folder()
for (const name of [
  'graph.pem',
  'graph-key.pem',
  'graph-secret',
  'keys',
  'users',
  'server.pem',
  'server.key',
  'clients-ca.pem',
  'batch-password'
])
  folder.write(name, 'text')
folder.write('dpop-secret', 'a'.repeat(64))

const load = (yaml: string) =>
  loadConfig({
    file: folder.write('example.yaml', yaml),
    env: {
      ...(yaml.includes('tls:') ? {} : { KAFKA_REST_LISTEN_TLS: 'none' }),
      KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS: 'broker:9092'
    }
  }).config

test('every example of docs/security.md is a configuration that is accepted', () => {
  assert.equal(examples.length, 14)
  for (const yaml of examples) assert.equal(load(yaml).auth.mode, 'on')
})

test('the rules in docs/security.md grant what is said beside them', () => {
  const policy = new Policy(load(examples[11]).auth)
  const nobody = { issuer: 'x', id: 'x', member: false, groups: [], roles: [] }
  const allowed = (identity: object, topic: string) =>
    operations.filter(operation => policy.accessOf({ ...nobody, ...identity })?.allows(operation, 'topic', topic))
  const team = { groups: ['33333333-3333-4333-8333-333333333333'] }
  assert.deepEqual(allowed(team, 'orders'), ['read', 'write', 'describe'])
  assert.deepEqual(allowed(team, 'orders.eu'), ['read', 'write', 'describe'])
  assert.deepEqual(allowed(team, 'orders2'), [])
  assert.deepEqual(allowed({ roles: ['Kafka.Operators'] }, 'audit'), ['create', 'delete', 'describe'])
  assert.deepEqual(allowed({ id: '55555555-5555-4555-8555-555555555555' }, 'audit'), ['write', 'describe'])
})

test('the table of operations in docs/security.md lists all of them, and what they imply', () => {
  const rows = [...page.matchAll(/^\| `([a-z]+)` +\|.*\| +(?:`describe`)? *\|$/gm)]
  assert.deepEqual(
    rows.map(([, name]) => name),
    [...operations]
  )
  for (const [row, operation] of rows) {
    const rule = {
      groups: [],
      roles: [],
      principals: ['x'],
      issuers: [],
      operations: [operation],
      topics: ['*'],
      consumerGroups: []
    }
    const policy = new Policy({ oidc: [], permittedGroups: [], rules: [rule] })
    const access = policy.accessOf({ issuer: '', id: 'x', member: false, groups: [], roles: [] })
    const implied = operation !== 'describe' && access?.allows('describe', 'topic', 't') === true
    assert.equal(row.trimEnd().endsWith('`describe` |'), implied, operation)
  }
})
