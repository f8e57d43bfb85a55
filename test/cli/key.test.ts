import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readKeyFile } from '../../src/auth/api-key-file.ts'
import { digestOf, idOf } from '../../src/auth/api-key-text.ts'
import { Folder } from '../config/support/configs.ts'
import { kafkaRestProxy } from './support/command-line.ts'

const folder = new Folder()
const KEY = /^krp_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/m

const entriesIn = (file: string) => readKeyFile(readFileSync(file, 'utf8')).entries

async function create(file: string, ...more: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await kafkaRestProxy(['key', 'create', '--file', file, ...more])
  assert.deepEqual([exitCode, stderr], [0, ''])
  return KEY.exec(stdout)?.[0] ?? assert.fail(stdout)
}

test('key create shows the key once and stores its digest in a file that only its owner reads', async () => {
  const file = folder.write('keys', '')
  rmSync(file)
  const key = await create(file, '--principal', 'billing', '--group', 'g', '--network', '10.0.0.0/8', '--days', '30')
  const [entry, ...others] = entriesIn(file)
  assert.deepEqual(others, [])
  assert.deepEqual(
    { ...entry, createdMs: 0, expiresMs: 0 },
    {
      id: idOf(key),
      sha256: digestOf(key).toString('hex'),
      principal: 'billing',
      groups: ['g'],
      roles: [],
      createdMs: 0,
      expiresMs: 0,
      revokedMs: undefined,
      networks: ['10.0.0.0/8'],
      kafka: undefined
    }
  )
  assert.equal((entry.expiresMs ?? 0) - entry.createdMs, 30 * 86_400_000)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.ok(!readFileSync(file, 'utf8').includes(key))
})

test('key list and key revoke name keys by their ids; a revoked key keeps its line, the file its mode and its link', async () => {
  const file = folder.write('linked-keys', '# ours')
  chmodSync(file, 0o640)
  const link = join(file, '..', 'link')
  symlinkSync(file, link)
  const [first, second] = [await create(link, '--principal', 'a'), await create(link, '--principal', 'b')]
  const id = idOf(first) ?? ''
  const revoked = await kafkaRestProxy(['key', 'revoke', id, '--file', link])
  assert.deepEqual([revoked.exitCode, revoked.stderr], [0, ''])
  assert.match(revoked.stdout, /is revoked\. It counts within a minute on each gateway that reads this file\.\n$/)
  const { stdout } = await kafkaRestProxy(['key', 'list', '--file', link])
  const lines = stdout.trimEnd().split('\n')
  assert.match(lines[0], new RegExp(`^${id}  revoked  a  \\(created \\d{4}-\\d\\d-\\d\\d\\)$`))
  assert.match(lines[1], new RegExp(`^${idOf(second)}  valid    b  `))
  assert.equal(readFileSync(file, 'utf8').split('\n')[0], '# ours')
  assert.deepEqual(
    [statSync(file).mode & 0o777, existsSync(`${file}.lock`), existsSync(`${file}.new`)],
    [0o640, false, false]
  )
})

test('ten commands at once lose no key', async () => {
  const file = folder.write('busy-keys', '')
  const keys = await Promise.all(Array.from({ length: 6 }, (_, n) => create(file, '--principal', `p${n}`)))
  assert.deepEqual(
    entriesIn(file)
      .map(({ id }) => id)
      .toSorted(),
    keys.map(key => idOf(key) ?? '').toSorted()
  )
})

test('what cannot be is refused before anything is written', async () => {
  const file = folder.write('some-keys', '')
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [['key'], /key needs one of create, list, revoke/],
    [['key', 'create', '--file', file], /key create needs --principal NAME/],
    [
      ['key', 'create', '--file', file, '--principal', 'a', '--network', 'x'],
      /"x" is no network, such as 10\.0\.0\.0\/8/
    ],
    [['key', 'create', '--file', file, '--principal', 'a', '--days', '0'], /--days must be a number from 1 to 99999/],
    [['key', 'revoke', '--file', file], /key revoke needs the id of one key/],
    [['key', 'revoke', 'aaaaaaaaaaaa', '--file', file], /has no key aaaaaaaaaaaa/]
  ]
  for (const [argv, expected] of refused) {
    const { exitCode, stderr } = await kafkaRestProxy(argv)
    assert.equal(exitCode, 1)
    assert.match(stderr, expected)
  }
  assert.equal(readFileSync(file, 'utf8'), '')
})

test('check-config names the lines of the file that let nobody in, and explains what a key may do', async () => {
  const keys = folder.write('keys-of-config', '')
  await create(keys, '--principal', 'billing')
  writeFileSync(keys, `${readFileSync(keys, 'utf8')}{"id":1}\n`)
  const file = folder.write(
    'with-keys.yaml',
    `listen: { tls: none }
kafka: { bootstrapServers: ['b:1'] }
auth:
  apiKeys: { file: keys-of-config }
  rules:
    - issuers: [apikey]
      principals: [billing]
      operations: [read]
      topics: ['orders*']
`
  )
  const judged = await kafkaRestProxy(['check-config', '--config', file])
  assert.equal(judged.exitCode, 0, judged.stderr)
  assert.match(
    judged.stderr,
    /^Warning: auth\.apiKeys\.file: .*: line 3: id is missing or malformed; this key lets nobody in$/m
  )
  const explained = await kafkaRestProxy(['check-config', '--config', file, '--explain', 'billing', 'orders-eu'])
  assert.match(explained.stdout, /^read {6}yes {2}auth\.rules\[0\]/m)
})
