import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { commands } from '../../../src/cli/commands.ts'
import { appWithGroups } from '../../../src/dev/identity/directory.ts'
import { TestGateway } from '../../support/gateway.ts'

const run = promisify(execFile)
const page = readFileSync(new URL('../../../docs/getting-started.md', import.meta.url), 'utf8')

suite('docs/getting-started.md', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await TestGateway.start()
  })
  after(() => gateway.close())

  test('shows shell lines that create a topic, write a record and read it', async () => {
    const blocks = [...page.matchAll(/```sh\n([\s\S]+?)```/g)].map(([, block]) => block)
    assert.equal(blocks.length, 1)
    const env = {
      PATH: process.env.PATH,
      TOKEN: await gateway.token(appWithGroups),
      URL: `https://localhost:${gateway.port}`,
      CA: gateway.services.certificates.caFile
    }
    await gateway.request('DELETE', '/v1/topics/first')
    const { stdout } = await run('bash', ['-euc', blocks[0].replaceAll('\n', '\necho\n')], { env })
    const [created, produced, read] = stdout.trim().split('\n')
    assert.equal(created, '{"topic":"first"}')
    assert.equal(produced, '{"offsets":[{"partition":0,"offset":0}]}')
    assert.match(read, /"key":"k","value":"\{\\"n\\":1\.0\}"/)
    await gateway.request('DELETE', '/v1/topics/first')
  })

  test('names commands that the program has', () => {
    const named = [...page.matchAll(/^kafka-rest-gateway ([a-z-]+)/gm)].map(([, name]) => name)
    assert.deepEqual(named, ['check-config', 'serve'])
    for (const name of named) assert.ok(commands.has(name), name)
  })
})
