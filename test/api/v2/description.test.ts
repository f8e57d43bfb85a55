import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { v2Routes } from '../../../src/api/v2/api.ts'
import { everyTold } from '../../../src/api/v2/errors.ts'
import { errorCatalogue } from '../../../src/core/error-catalogue.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'
import { gatewayError } from '../../../src/gateway/kafka-failures.ts'
import { unreachable } from '../../../src/kafka/transport/unavailable.ts'
import { apiDescriptionText } from '../../../src/server/apis.ts'
import {
  differences,
  type DescribedOperation,
  type Example,
  problemsOf,
  resolved,
  v2Description
} from '../../support/description.ts'
import { speaking } from './support.ts'

for (const dialect of ['confluent', 'strimzi'] as const)
  suite(`The description of v2 (${dialect})`, () => {
    const description = v2Description(dialect)
    const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation }))
    )
    const mediaOf = (response: DescribedOperation['responses'][string]) =>
      Object.values(resolved(response, description).content ?? {})

    test('is OpenAPI by the recommended rules, its examples included, without a warning', async () => {
      const config = await createConfig({
        extends: ['recommended'],
        rules: {
          'no-invalid-media-type-examples': { severity: 'error', allowAdditionalProperties: true },
          'no-invalid-parameter-examples': { severity: 'error', allowAdditionalProperties: true },
          'no-invalid-schema-examples': 'error'
        }
      })
      const problems = await lintFromString({ source: apiDescriptionText(dialect), absoluteRef: 'v2.json', config })
      assert.deepEqual(
        problems.map(({ severity, ruleId, message, location }) => [severity, ruleId, message, location[0]?.pointer]),
        []
      )
    })

    test('has the routes that want a token, and no other', () => {
      const described = operations.filter(({ operation }) => operation.security === undefined)
      assert.deepEqual(
        described.map(({ method, path }) => `${method} ${path}`).toSorted(),
        v2Routes(dialect)
          .map(({ method, path }) => `${method} ${path}`)
          .toSorted()
      )
      assert.equal(described.length, 24)
    })

    test('has examples that are as they are said to be, and errors with the status and the number of the dialect', () => {
      let errors = 0
      for (const { operation, path } of operations) {
        for (const [status, response] of Object.entries(operation.responses)) {
          for (const { schema, examples = {} } of mediaOf(response)) {
            for (const [name, each] of Object.entries(examples)) {
              const { value } = resolved<Example>(each, description)
              assert.deepEqual(differences(schema, value, description), [], `${path} ${status} ${name}`)
              const code = name.replace(/_\d+$/, '')
              if (!(code in errorCatalogue)) continue
              // Those about an instance have the form of its client's dialect.
              const forms = path.startsWith('/consumers/') ? (['confluent', 'strimzi'] as const) : [dialect]
              const told = forms.flatMap(form => everyTold(form, code as ErrorCode))
              const { error_code } = value as { error_code: number }
              assert.ok(
                told.some(one => String(one.status) === status && one.code === error_code),
                `${status} ${name}`
              )
              errors++
            }
          }
        }
      }
      assert.ok(errors > 100)
    })
  })

for (const dialect of ['confluent', 'strimzi'] as const)
  test(`an answer while Kafka is away is as described, with the time to wait (${dialect})`, async context => {
    const away = () => Promise.reject(gatewayError(unreachable(new Error('away'))))
    const { ask } = await speaking(context, dialect, { gateway: { listTopics: away } })
    const { status, headers, body } = await ask('/topics')
    assert.deepEqual([status, headers.get('retry-after')], [dialect === 'confluent' ? 500 : 503, '1'])
    const answer = { status, headers: Object.fromEntries(headers), text: JSON.stringify(body) }
    assert.deepEqual(problemsOf('GET', '/topics', answer, dialect), [])
  })
