import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../bin/kafka-rest-gateway.js', import.meta.url))

/** Runs the program in a Node that claims to be another version. */
const runIn = (version: string) => {
  const disguise = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const argv = ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`, BIN, 'version']
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('too old a Node is told so in one line', () => {
  for (const version of ['18.20.8', '22.11.0', '24.5.0']) {
    assert.deepEqual(runIn(version), {
      status: 1,
      stdout: '',
      stderr: `kafka-rest-gateway: needs Node 24.9 or newer, but this is Node ${version}.\n`
    })
  }
})

test('the oldest supported Node and newer ones are accepted', () => {
  for (const version of ['24.9.0', '24.21.0', '26.0.0']) assert.equal(runIn(version).status, 0)
})
