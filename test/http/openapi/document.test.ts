import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { v1Routes } from '../../../src/api/v1/api.ts'
import { v1Codes } from '../../../src/api/v1/error-schema.ts'
import { apiDescriptionText } from '../../../src/server/apis.ts'
import {
  apiDescription,
  differences,
  resolved,
  type DescribedOperation,
  type Example
} from '../../support/description.ts'
import { startFront } from '../support/front.ts'

const operations = Object.entries(apiDescription.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation }))
)

const mediaOf = (response: DescribedOperation['responses'][string]) =>
  resolved(response).content?.['application/json'] ?? { schema: {} }

test('docs/openapi.json is what the routes say now (npm run docs:generate)', () => {
  assert.equal(readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8'), apiDescriptionText())
})

test('the routes that want a token are those of the router, and no other', () => {
  const described = operations.filter(({ operation }) => operation.security === undefined)
  assert.deepEqual(
    described.map(({ method, path }) => `${method} ${path}`).toSorted(),
    v1Routes.map(({ method, path }) => `${method} ${path}`).toSorted()
  )
  assert.ok(described.length >= 8)
})

test('what is said to need no token needs none, all else does', async context => {
  const { call } = await startFront(context)
  for (const { method, path, operation } of operations) {
    const { status } = await call(path.replaceAll(/\{\w+\}/g, '0'), { method, headers: {} })
    assert.equal(status, operation.security === undefined ? 401 : 200, `${method} ${path}`)
  }
})

test('every code that v1 has is described, with its status, and no other', () => {
  const elsewhere = ['METHOD_NOT_ALLOWED', 'ROUTE_NOT_FOUND', 'STREAM_STALLED']
  const described = new Set<string>(elsewhere)
  for (const { operation } of operations) {
    for (const [status, response] of Object.entries(operation.responses)) {
      const { examples = {} } = mediaOf(response)
      for (const [name, each] of Object.entries(examples)) {
        if (!/^[A-Z_]+$/.test(name)) continue
        const { code, error_code } = resolved<Example>(each).value as { code: string; error_code: number }
        assert.deepEqual([code, String(Math.floor(error_code / 100))], [name, status])
        described.add(code)
      }
    }
  }
  assert.deepEqual([...described].toSorted(), v1Codes.toSorted())
  const { properties } = apiDescription.components.schemas.Error as { properties: { code: { enum: string[] } } }
  assert.deepEqual(properties.code.enum, v1Codes)
  for (const code of elsewhere) assert.ok(apiDescriptionText().includes(`\`${code}\``))
})

test('every answer with a body has an example, and all of them are as they are said to be', () => {
  let seen = 0
  for (const { operation, path } of operations) {
    for (const [status, response] of Object.entries(operation.responses)) {
      const { schema, examples = {} } = mediaOf(response)
      if (path !== '/openapi.json' && status !== '204')
        assert.notEqual(Object.keys(examples).length, 0, `${path} ${status}`)
      for (const [name, each] of Object.entries(examples)) {
        assert.deepEqual(differences(schema, resolved<Example>(each).value), [], `${path} ${status} ${name}`)
        seen++
      }
    }
  }
  assert.ok(seen > 100)
})

test('a body that is not as described is noticed, in whatever way it differs', () => {
  const { schema } = mediaOf(apiDescription.paths['/v1/metadata/brokers'].get.responses['200'])
  const broker = { hostName: 'b', port: 1, id: 1, rack: null }
  assert.deepEqual(differences(schema, { brokers: [broker] }), [])
  for (const wrong of [
    {},
    { brokers: [{ ...broker, id: '1' }] },
    { brokers: [{ ...broker, more: 1 }] },
    { brokers: [], more: 1 }
  ])
    assert.notDeepEqual(differences(schema, wrong), [], JSON.stringify(wrong))
})

test('a record may be from any time that Kafka stores', () => {
  const { schema } = mediaOf(
    apiDescription.paths['/v1/consumer/topics/{topic}/partitions/{partition}/offsets/{offset}'].get.responses['200']
  )
  const record = { key: null, value: null, partition: 0, offset: 0, timestampType: 'CREATE_TIME' }
  // The smallest date of .NET, which its programs send where none was set; what has no time; and the end of int64's milliseconds.
  for (const timestamp of [-62_135_596_800_000, -1, Number.MAX_SAFE_INTEGER])
    assert.deepEqual(differences(schema, { records: [{ ...record, timestamp }] }), [])
})
