import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configShape, expectation } from '../../src/config/shape.ts'

const section = (name: string) => {
  const shape = configShape.members.get(name)?.shape
  assert.ok(shape?.kind === 'section')
  return shape
}

const words = (part: string, key: string): string | undefined => {
  const member = section(part).members.get(key)
  return member && expectation(member.shape)
}

test('sections are required as a whole, their keys only where there is no default', () => {
  assert.equal(configShape.members.get('kafka')?.required, true)
  assert.equal(section('kafka').members.get('bootstrapServers')?.required, true)
  assert.equal(section('kafka').members.get('clientId')?.required, false)
  assert.equal(section('kafka').members.get('tls')?.required, false)
})

test('a secret has a key for its file beside it', () => {
  const sasl = section('kafka').members.get('sasl')?.shape
  assert.ok(sasl?.kind === 'section')
  assert.equal(sasl.members.get('password')?.secret, true)
  assert.equal(sasl.members.get('passwordFile')?.fileOf, 'password')
  assert.ok(!sasl.members.has('usernameFile'))
})

test('what a value must be is said in words', () => {
  assert.equal(words('listen', 'port'), 'an integer from 0 to 65535')
  assert.equal(words('listen', 'tls'), 'the word none or a section with certFile and keyFile')
  assert.equal(words('auth', 'mode'), 'one of on, oidc, none')
  assert.equal(words('auth', 'oidc'), 'a list of sections')
  assert.equal(words('kafka', 'bootstrapServers'), 'a list of texts that is not empty')
})
