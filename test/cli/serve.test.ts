import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { kafkaRestProxy } from './support/command-line.ts'

test('serve without a configuration starts nothing and says what is missing', async () => {
  const { exitCode, stdout, stderr } = await kafkaRestProxy(['serve'])
  assert.deepEqual([exitCode, stdout], [1, ''])
  const lines = stderr.trimEnd().split('\n')
  assert.equal(lines.length, 5)
  assert.match(lines[0], /^listen\.tls is missing/)
  assert.match(lines[1], /^kafka\.bootstrapServers is missing/)
  assert.match(lines[2], /^auth\.oidc .*say so in so many words: auth\.mode: none$/)
  assert.match(lines[3], /^auth\.permittedGroups is empty/)
  assert.match(lines[4], /^kafka-rest-gateway: no --config FILE was given; docs\/configuration\.md /)
})

test('serve with a file that does not exist says so in one line', async () => {
  const { exitCode, stdout, stderr } = await kafkaRestProxy(['serve', '--config', '/nowhere/config.yaml'])
  assert.deepEqual([exitCode, stdout], [1, ''])
  assert.equal(stderr, '/nowhere/config.yaml: cannot be read: no such file or directory\n')
})

test('a busy port, a foreign address and an unusable certificate end the start with what to do about it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-serve-'))
  const busy = createServer()
  await new Promise<void>(listening => busy.listen({ host: '127.0.0.1', port: 0 }, listening))
  const address = busy.address()
  assert.ok(typeof address === 'object' && address !== null)
  const garbage = join(folder, 'garbage.pem')
  writeFileSync(garbage, 'garbage')
  try {
    const loopback = { host: '127.0.0.1', port: 0, tls: 'none' }
    for (const [listen, expected, management] of [
      [
        { host: '127.0.0.1', port: address.port, tls: 'none' },
        new RegExp(`Port ${address.port} of 127\\.0\\.0\\.1 is in use\\. .*KAFKA_REST_LISTEN_PORT`)
      ],
      [{ host: '203.0.113.9', port: 0, tls: 'none' }, /203\.0\.113\.9 is no address of this machine\. .*listen\.host/],
      [{ host: '127.0.0.1', port: 0, tls: { certFile: garbage, keyFile: garbage } }, /listen\.tls\.certFile/],
      [
        loopback,
        new RegExp(
          `Port ${address.port} of 127\\.0\\.0\\.1 is in use\\. .* management\\.port \\(KAFKA_REST_MANAGEMENT_PORT\\)`
        ),
        { port: address.port }
      ],
      [
        loopback,
        /203\.0\.113\.9 is no address of this machine\. .*management\.host/,
        { host: '203.0.113.9', port: 0, token: 't' }
      ]
    ] as const) {
      const file = join(folder, 'gateway.json')
      writeFileSync(
        file,
        JSON.stringify({ listen, kafka: { bootstrapServers: ['127.0.0.1:1'] }, auth: { mode: 'none' }, management })
      )
      const { exitCode, stderr } = await kafkaRestProxy(['serve', '--config', file])
      assert.equal(exitCode, 1)
      assert.match(stderr, expected)
      assert.doesNotMatch(stderr, /^ {4}at /m)
    }
  } finally {
    busy.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
