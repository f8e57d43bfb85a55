import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

test('quotas, audit log and CORS hold as configured, from the token to Kafka', { timeout: 60_000 }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'record-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const output = join(folder, 'audit.jsonl')
  const gateway = await TestGateway.start({
    settings: {
      quotas: { principal: { recordsPerSecond: 5, burstSeconds: 2 } },
      audit: { output },
      cors: { origins: ['https://app.example'] }
    }
  })
  t.after(() => gateway.close())
  const topic = uniqueTopic('record')
  await gateway.createTopic(topic)
  const records = Array.from({ length: 10 }, (_, n) => ({ key: 'secret', value: `secret ${n}` }))
  assert.equal((await gateway.produce(topic, records)).status, 200)
  const refused = await gateway.produce(topic, records)
  assert.deepEqual([refused.status, refused.json.code, refused.json.offsets], [429, 'QUOTA_EXCEEDED', undefined])
  assert.match(String(refused.headers['retry-after']), /^[12]$/)
  const { json } = await gateway.get(`/v1/metadata/topics/${topic}/partitions/0`)
  assert.equal(json.latest_offset, 10)
  const asked = await gateway.request('OPTIONS', '/v1/metadata/topics', {
    token: null,
    headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' }
  })
  assert.deepEqual([asked.status, asked.headers['access-control-allow-origin']], [200, 'https://app.example'])
  const text = readFileSync(output, 'utf8')
  const lines = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  const produced = lines.filter(({ operation }) => operation === 'produce')
  assert.deepEqual(
    produced.map(({ outcome, reason, records: count, principal_kind: kind }) => [outcome, reason, count, kind]),
    [
      ['allowed', null, 10, 'application'],
      ['denied', 'QUOTA_EXCEEDED', 10, 'application']
    ]
  )
  assert.ok(String(produced[0].issuer).startsWith('https://'))
  assert.doesNotMatch(text, /secret/)
})
