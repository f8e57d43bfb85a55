import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiDescriptionText } from '../../src/server/apis.ts'
import { kafkaRestProxy } from './support/command-line.ts'

test('openapi prints the description of the API and nothing else', async () => {
  assert.deepEqual(await kafkaRestProxy(['openapi']), { exitCode: 0, stdout: apiDescriptionText(), stderr: '' })
})
