import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { apiDescriptionText } from '../../../src/server/apis.ts'

test('the description of the API is OpenAPI by the recommended rules, its examples included, without a warning', async () => {
  const config = await createConfig({
    extends: ['recommended'],
    rules: {
      // Without it the rule closes every part of a schema, conditions too; those that are to be closed say so themselves.
      'no-invalid-media-type-examples': { severity: 'error', allowAdditionalProperties: true },
      'no-invalid-parameter-examples': { severity: 'error', allowAdditionalProperties: true },
      'no-invalid-schema-examples': 'error'
    }
  })
  const source = apiDescriptionText()
  const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config })
  assert.deepEqual(
    problems.map(({ severity, ruleId, message, location }) => [severity, ruleId, message, location[0]?.pointer]),
    []
  )
  const broken = source.replace('"operationId": "produce"', '"operationId": "consume"')
  assert.equal(
    (await lintFromString({ source: broken, absoluteRef: 'openapi.json', config }))[0].ruleId,
    'operation-operationId-unique'
  )
})
