import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { speaking } from './support.ts'

const RECORDS = '/consumers/g/instances/i/records'
const COOKIE = /^kafka-rest-gateway=([\w-]{12}); Path=\/consumers; HttpOnly; SameSite=Strict$/

suite('Rule 16: a cookie that names the gateway', () => {
  test('comes with what is said of consumer instances, the same each time, and with nothing else', async context => {
    const { ask } = await speaking(context, 'confluent', { stickyCookie: true })
    const headers = { 'content-type': 'application/vnd.kafka.v2+json' }
    const made = await ask('/consumers/g', headers, { method: 'POST', body: '{}' })
    const deleted = await ask('/consumers/g/instances/i', headers, { method: 'DELETE' })
    const polled = await ask(RECORDS)
    assert.deepEqual([made.status, deleted.status, polled.status], [200, 204, 200])
    const [cookie, ...others] = [made, deleted, polled].map(answer => answer.headers.get('set-cookie'))
    assert.match(cookie ?? '', COOKIE)
    assert.deepEqual(others, [cookie, cookie])
    assert.equal((await ask('/topics')).headers.get('set-cookie'), null)
  })

  test('is not sent again to who has it, but replaces that of another gateway', async context => {
    const { ask } = await speaking(context, 'strimzi', { stickyCookie: true })
    const set = async (cookie: string) => (await ask(RECORDS, { cookie })).headers.get('set-cookie')
    const [pair] = ((await set('other=1')) ?? '').split(';')
    assert.equal(await set(`a=b; ${pair};c=d`), null)
    assert.match((await set('kafka-rest-gateway=abcdefghijkl')) ?? '', COOKIE)
    assert.match((await set(`not-${pair}`)) ?? '', COOKIE)
  })

  test('has the path, and the security, of the public address', async context => {
    const publicUrl = 'https://gateway.example/kafka'
    const { ask } = await speaking(context, 'confluent', { stickyCookie: true, speaks: { publicUrl } })
    const cookie = (await ask(RECORDS)).headers.get('set-cookie') ?? ''
    assert.match(cookie, /; Path=\/kafka\/consumers; HttpOnly; SameSite=Strict; Secure$/)
  })

  test('is off unless it is asked for', async context => {
    const { ask } = await speaking(context, 'confluent')
    assert.equal((await ask(RECORDS)).headers.get('set-cookie'), null)
  })
})
