import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import {
  apiDescription,
  resolved,
  type DescribedOperation,
  type DescribedParameter
} from '../../support/description.ts'
import { TestGateway } from '../../support/gateway.ts'

interface Call {
  readonly operation: DescribedOperation
  readonly method: string
  readonly path: string
  /** Which examples it shows. */
  readonly title: string
  readonly target: string
  readonly body?: string
  readonly headers: Readonly<Record<string, string>>
}

const firstOf = ({ examples }: DescribedParameter): unknown => Object.values(examples)[0].value

/** One call for each example of the operation, with the first of all else that the path needs. */
function callsOf(method: string, path: string, operation: DescribedOperation): Call[] {
  const { requestBody } = operation
  const parameters = operation.parameters.map(each => resolved(each))
  const target = (name?: string, value?: unknown): string => {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, segment: string) => {
      const found = parameters.find(each => each.name === segment)
      return String(segment === name ? value : found && firstOf(found))
    })
    return name === undefined || path.includes(`{${name}}`) ? filled : `${filled}?${name}=${String(value)}`
  }
  const bodies = Object.entries(requestBody?.content['application/json'].examples ?? {})
  const call = (title: string, filled: string, body = bodies[0]?.[1].value, headers = {}): Call => ({
    operation,
    method: method.toUpperCase(),
    path,
    title,
    target: filled,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return [
    call('as it is', target()),
    ...bodies.map(([name, { value }]) => call(name, target(), value)),
    ...parameters.flatMap(({ name, in: place, examples }) =>
      Object.entries(examples).map(([example, { value }]) => {
        const title = `${name}: ${example}`
        if (place === 'header') return call(title, target(), undefined, { [name.toLowerCase()]: String(value) })
        return call(title, target(name, value))
      })
    )
  ]
}

const calls = Object.entries(apiDescription.paths).flatMap(([path, methods]) =>
  Object.entries(methods).flatMap(([method, operation]) => callsOf(method, path, operation))
)
const TOPIC = '/v1/topics/shipments'

suite('The examples of the description', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await TestGateway.start()
  })
  after(async () => {
    if (isThere) await gateway.request('DELETE', TOPIC)
    await gateway.close()
  })
  let isThere = false
  const prepare = async (needed: boolean) => {
    if (needed && !isThere) await gateway.createTopic('shipments')
    if (!needed) await gateway.request('DELETE', TOPIC)
    isThere = needed
  }

  for (const { operation, method, path, title, target, headers, body } of calls) {
    test(`${operation.operationId}, ${title}, is answered with 200 as described`, async () => {
      const changes = path === '/v1/topics/{topic}'
      await prepare(!changes || method === 'DELETE')
      const anonymous = operation.security === undefined ? {} : { token: null }
      // The gateway of the tests compares the answer with the description.
      const request = { headers, ...anonymous, ...(body === undefined ? {} : { body }) }
      const { status, text } = await gateway.request(method, target, request)
      assert.equal(status, 200, text)
      if (changes) isThere = method === 'PUT'
    })
  }

  test('are those of every operation', () => {
    assert.ok(calls.length > 30)
    const operations = Object.values(apiDescription.paths).flatMap(methods => Object.values(methods))
    assert.equal(new Set(calls.map(({ operation }) => operation)).size, operations.length)
  })
})
