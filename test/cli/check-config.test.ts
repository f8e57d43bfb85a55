import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Folder, leastEnvironment } from '../config/support/configs.ts'
import { kafkaRestProxy } from './support/command-line.ts'

const folder = new Folder()

test('an accepted configuration is printed with the source of each value, secrets hidden', async () => {
  const file = folder.write(
    'config.yaml',
    'kafka:\n  sasl: { mechanism: PLAIN, username: user, password: hush }\nlimits:\n  connections: 7\n'
  )
  const { exitCode, stdout, stderr } = await kafkaRestProxy(['check-config', '--config', file], leastEnvironment)
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.match(stdout, new RegExp(`^limits\\.connections +7 {2}\\[file ${file}:4\\]$`, 'm'))
  assert.match(stdout, /^auth\.mode +"none" {2}\[environment KAFKA_REST_AUTH_MODE\]$/m)
  assert.match(stdout, /^kafka\.sasl\.password +\(hidden\) /m)
  assert.doesNotMatch(stdout, /hush/)
})

test('the problems of a refused configuration stand a line each on standard error, exit code 1', async () => {
  const file = folder.write(
    'wrong.yaml',
    'listen:\n  tls: none\n  prot: 1\nkafka: { bootstrapServers: [b:1] }\nauth: { mode: nein }\n'
  )
  assert.deepEqual(await kafkaRestProxy(['check-config', '--config', file]), {
    exitCode: 1,
    stdout: '',
    stderr:
      'wrong.yaml:3:3: listen.prot is not a known key; did you mean port?\n' +
      'wrong.yaml:5:9: auth.mode must be one of oidc, none, not "nein"\n'
  })
})
