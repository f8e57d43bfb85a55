import assert from 'node:assert/strict'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { appWithGroups } from '../../../src/dev/identity/directory.ts'
import { Client } from '../../integrity/support/client.ts'
import { GatewayProcess } from '../../support/gateway-process.ts'
import { sharedBroker, uniqueTopic } from '../../support/gateway.ts'

const ADMIN = appWithGroups.objectId

async function start(t: TestContext) {
  const topic = uniqueTopic('reload')
  const rule = (operations: string[]) => ({ principals: [ADMIN], operations, topics: [topic] })
  const auth = (operations: string[]) => ({ rules: [rule(operations)] })
  const gateway = await GatewayProcess.start({
    bootstrapServers: [sharedBroker()],
    settings: { auth: auth(['create', 'read', 'write']) }
  })
  t.after(() => gateway.stop())
  const client = new Client(gateway)
  t.after(() => client.close())
  assert.equal((await client.request('PUT', `/v1/topics/${topic}`, '{}')).status, 200)
  const produce = async () =>
    (await client.request('POST', `/v1/producer/topics/${topic}`, '{"records":[{"value":1}]}')).status
  assert.equal(await produce(), 200)
  const config = JSON.parse(readFileSync(gateway.configFile, 'utf8')) as { auth: Record<string, unknown> }
  /** As most writers do: another file in place of the old. */
  const write = (text: string) => {
    writeFileSync(`${gateway.configFile}.new`, text)
    renameSync(`${gateway.configFile}.new`, gateway.configFile)
  }
  const allow = (operations: string[], rest: object = {}) =>
    write(JSON.stringify({ ...config, auth: { ...config.auth, ...auth(operations) }, ...rest }))
  const until = async (status: number) => {
    for (const end = Date.now() + 10_000; (await produce()) !== status; await sleep(50)) assert.ok(Date.now() < end)
  }
  return { gateway, config, produce, write, allow, until }
}

const complained = (gateway: GatewayProcess) =>
  gateway.warnings.filter(({ msg }) => msg.startsWith('THE NEW CONFIGURATION IS NOT USED')).length

suite('Rules while the gateway runs', { concurrency: true }, () => {
  test('are read again when the file changes; a broken file leaves those in force that are, and is complained of', async t => {
    const { gateway, produce, write, allow, until } = await start(t)
    allow(['read'])
    await until(403)
    allow(['read', 'write'])
    await until(200)
    write('auth: { rules: [ { operations: [everything] } ] }')
    for (const end = Date.now() + 10_000; complained(gateway) === 0; await sleep(50)) assert.ok(Date.now() < end)
    assert.equal(await produce(), 200)
    write('not: [closed')
    for (const end = Date.now() + 10_000; complained(gateway) < 2; await sleep(50)) assert.ok(Date.now() < end)
    assert.equal(await produce(), 200)
    allow(['read'])
    await until(403)
  })

  test('do not vanish with a file that has lost them, and what else changed in the file is named', async t => {
    const { gateway, produce, write, config, until, allow } = await start(t)
    const { rules: _, ...closed } = config.auth
    write(JSON.stringify({ ...config, auth: closed }))
    for (const end = Date.now() + 10_000; complained(gateway) === 0; await sleep(50)) assert.ok(Date.now() < end)
    const refusal = gateway.warnings.find(({ msg }) => msg.startsWith('THE NEW CONFIGURATION IS NOT USED'))
    assert.match(String(refusal?.reason), /^auth\.rules is empty: without rules, everyone .*restart the gateway$/)
    assert.equal(await produce(), 200)
    allow(['read'], { limits: { bodyBytes: 2048 } })
    await until(403)
    const waiting = () =>
      gateway.warnings.find(({ msg }) => msg === 'PART OF THE NEW CONFIGURATION WAITS FOR A RESTART')?.waiting
    for (const end = Date.now() + 10_000; waiting() === undefined; await sleep(20)) assert.ok(Date.now() < end)
    assert.deepEqual(waiting(), ['limits.bodyBytes'])
  })

  test('are not read from a half-written file, however the moment was chosen', async t => {
    const { gateway, write, allow, until } = await start(t)
    for (const [turn, halfWrittenMs] of [0, 10, 30, 100].entries()) {
      write('auth: {')
      gateway.signal('SIGHUP')
      await sleep(halfWrittenMs)
      allow(turn % 2 === 0 ? ['read'] : ['read', 'write'])
      await until(turn % 2 === 0 ? 403 : 200)
    }
    assert.equal(complained(gateway), 0)
  })

  test('are read again on SIGHUP, which ends nothing', async t => {
    const { gateway, produce, write } = await start(t)
    write('{')
    gateway.signal('SIGHUP')
    for (const end = Date.now() + 10_000; complained(gateway) === 0; await sleep(20)) assert.ok(Date.now() < end)
    assert.equal(await produce(), 200)
  })
})
