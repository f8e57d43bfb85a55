import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Api, Apis } from '../../src/http/api.ts'
import type { Route } from '../../src/http/route.ts'

const route: Route = {
  method: 'GET',
  path: '/topics/{topic}',
  permission: 'caller',
  body: { kind: 'ignored' },
  offers: ['application/json'],
  audit: null,
  handle: () => ({ status: 204, body: Buffer.alloc(0) })
}
const error: Api['error'] = ({ status }) => ({ status, body: Buffer.alloc(0) })

test('an API that lets a slash more pass at the end of its paths does so for itself only', () => {
  const strict: Api = { version: 'a', prefixes: ['/'], routes: [route], error }
  const lenient: Api = {
    version: 'b',
    prefixes: ['/b/'],
    routes: [{ ...route, path: '/b/topics/{topic}' }],
    error,
    trailingSlash: true
  }
  const apis = new Apis([strict, lenient])
  const find = (target: string) => apis.at(target).router.find('GET', target).params.topic
  assert.equal(find('/b/topics/x/'), 'x')
  assert.equal(find('/topics/x'), 'x')
  assert.throws(() => find('/topics/x/'), { code: 'ROUTE_NOT_FOUND' })
})

test('a prefix without a slash at its end is a path with what is below it; a single path is only itself', () => {
  const other: Api = {
    version: 'other',
    prefixes: ['/topics', '/topics/x/'],
    paths: ['/', '/about'],
    routes: [],
    error
  }
  const last: Api = { version: 'last', prefixes: ['/'], routes: [], error }
  const apis = new Apis([last, other])
  const expected: [string, string][] = [
    ['/topics', 'other'],
    ['/topics?a=/', 'other'],
    ['/topics/', 'other'],
    ['/topics/x/y', 'other'],
    ['/topicsx', 'last'],
    ['/', 'other'],
    ['/?a', 'other'],
    ['/about', 'other'],
    ['/about?a', 'other'],
    ['/about/', 'last'],
    ['/aboutx', 'last'],
    ['//', 'last'],
    ['', 'last']
  ]
  for (const [target, version] of expected) assert.equal(apis.at(target).api.version, version, target)
  assert.equal(apis.last.api.version, 'last')
  assert.throws(() => new Apis([other]), /No API has the prefix/)
})
