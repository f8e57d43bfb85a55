import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { deriveKey, readPasswordHash } from '../../src/auth/password-hash.ts'
import { readUserFile } from '../../src/auth/user-file.ts'
import { Folder } from '../config/support/configs.ts'
import { kafkaRestProxy } from './support/command-line.ts'

const folder = new Folder()
const BIN = fileURLToPath(new URL('../../bin/kafka-rest-gateway.js', import.meta.url))

async function set(file: string, password: string, ...argv: readonly string[]) {
  const child = spawn(process.execPath, [BIN, 'user', 'set', ...argv, '--file', file], { stdio: 'pipe' })
  child.stdin.end(`${password}\n`)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { stdout, stderr }
}

test('user set asks for the password, and keeps a hash of it in a file that only its owner reads', async () => {
  const file = folder.write('users', '')
  rmSync(file)
  const { stdout } = await set(file, 'right: höre', 'alice', '--group', 'g')
  assert.equal(stdout, 'alice is set. It counts within a minute on each gateway that reads this file.\n')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const [{ name, hash, groups }] = readUserFile(readFileSync(file, 'utf8')).entries
  assert.deepEqual([name, groups], ['alice', ['g']])
  const parts = readPasswordHash(hash)
  assert.ok(deriveKey(parts, 'right: höre').equals(parts.hash))
  await set(file, 'other', 'bob')
  await set(file, 'third', 'alice')
  assert.equal((await kafkaRestProxy(['user', 'list', '--file', file])).stdout, 'alice\nbob\n')
  const removed = await kafkaRestProxy(['user', 'remove', 'alice', '--file', file])
  assert.match(removed.stdout, /^alice is removed\. /)
  assert.equal((await kafkaRestProxy(['user', 'list', '--file', file])).stdout, 'bob\n')
})

test('user set takes no password from the command line, and none that could not be sent', async () => {
  const file = folder.write('no-users', '')
  const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['x', ['alice', 'secret'], /user set needs one NAME; passwords are asked for/],
    ['x', ['al:ice'], /A name has no colon/],
    ['', ['alice'], /A password has 1 to 255 bytes/],
    ['a'.repeat(256), ['alice'], /A password has 1 to 255 bytes/],
    ['krp_x', ['alice'], /must not start with krp_/]
  ]
  for (const [password, argv, expected] of refused) assert.match((await set(file, password, ...argv)).stderr, expected)
  assert.equal(readFileSync(file, 'utf8'), '')
})
