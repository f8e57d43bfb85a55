import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { kafkaRestProxy } from './support/command-line.ts'

test('bash completes commands and the options of each', async () => {
  const { exitCode, stdout } = await kafkaRestProxy(['completion', 'bash'])
  assert.equal(exitCode, 0)
  const complete = (...words: string[]): string[] => {
    const ask = `COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _kafka_rest_gateway; echo "\${COMPREPLY[@]}"`
    return spawnSync('bash', ['-c', `${stdout}\n${ask}`], { encoding: 'utf8' })
      .stdout.trim()
      .split(' ')
  }
  assert.deepEqual(complete('kafka-rest-gateway', 'ser'), ['serve'])
  assert.deepEqual(complete('kafka-rest-gateway', 'dev', '--'), ['--port', '--data-dir', '--ephemeral', '--help'])
})

test('zsh and fish get scripts too, and another shell is told which there are', async () => {
  assert.match((await kafkaRestProxy(['completion', 'zsh'])).stdout, /bashcompinit/)
  assert.match((await kafkaRestProxy(['completion', 'fish'])).stdout, /^complete .* -a serve /m)
  const refused = await kafkaRestProxy(['completion', 'tcsh'])
  assert.deepEqual(refused, {
    exitCode: 1,
    stdout: '',
    stderr: 'kafka-rest-gateway: completion needs the name of one shell: bash, zsh, fish.\n'
  })
})
