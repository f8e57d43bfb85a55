import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { v1Routes } from '../../src/api/v1/api.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Route } from '../../src/http/route.ts'
import { Router, type RouterOptions } from '../../src/http/router.ts'
import { PlainRouter, type PlainRoute } from './support/plain-router.ts'

const DIALECTS = [
  'GET /',
  'GET /topics',
  'GET /topics/{topic}',
  'POST /topics/{topic}',
  'POST /topics/{topic}/partitions/{partition}',
  'DELETE /consumers/{group}/instances/{instance}/subscription',
  'POST /consumers/{group}/instances/{instance}/subscription',
  'GET /v3/clusters/{cluster_id}/topics/{topic_name}/configs/{name}',
  'DELETE /v3/clusters/{cluster_id}/topics/{topic_name}/configs/{name}',
  'PUT /v3/clusters/{cluster_id}/topics/{topic_name}/configs/{name}',
  'POST /v3/clusters/{cluster_id}/topics/{topic_name}/configs:alter',
  'POST /v3/clusters/{cluster_id}/topics/{topic_name}/records',
  'POST /v3/clusters/{cluster_id}/topics/{topic_name}/records:batch',
  'PATCH /v3/clusters/{cluster_id}/topics/{topic_name}',
  'GET /v3/a/{one}/{two}/{three}/{four}/{five}/{six}'
].map((line): PlainRoute => {
  const [method, path] = line.split(' ')
  return { method, path }
})

const SEGMENTS = ['a', 'ab', 'topics', 'records', 'records:batch', 'records:', ':', '::', 'a.b', 'x-y', '-', '~', '$']
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'get', '', '__proto__', 'valueOf']

const segment = fc.oneof(
  fc.constantFrom(...SEGMENTS),
  fc.constantFrom('', '%', '%4', '%zz', '%2F', '%2f..', '%00', '%ff', '%C3%A9', '%25', '%2525', '%23', '%3F', '%61'),
  fc.constantFrom(
    '{topic}',
    ':topic',
    '*',
    '..',
    '#',
    'a#b',
    'a;b',
    'a&b',
    'a+b',
    '(x)',
    '\\',
    '"',
    'constructor',
    '\u00e9'
  ),
  fc.string({ unit: fc.constantFrom(...Array.from('ab%2F#/?;:.\u00ff')), maxLength: 8 }),
  fc.integer({ min: 90, max: 9000 }).map(length => 'n'.repeat(length)),
  fc.integer({ min: 1, max: 300 }).map(times => '%2F'.repeat(times))
)
const query = fc.oneof(
  fc.constant(''),
  fc.constantFrom('?', '?count=1', '?count=1&count=2', '??', '?a=%zz#b', '?a=/v1/topics', '?a=%2F'),
  fc.string({ maxLength: 300 }).map(text => `?${text}`)
)

/** A path of one of the routes with other texts for its parameters, and sometimes with a segment changed, added or missing. */
const targetFor = (routes: readonly PlainRoute[]) =>
  fc
    .tuple(
      fc.constantFrom(...routes),
      fc.array(segment, { minLength: 12, maxLength: 12 }),
      fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(10) }),
      fc.constantFrom(0, 0, 0, 1, -1),
      query
    )
    .map(([{ path }, texts, changed, longer, query]) => {
      const segments = path
        .slice(1)
        .split('/')
        .map((each, at) => (each.startsWith('{') || at === changed ? texts[at] : each))
      if (longer > 0) segments.push(texts[11])
      if (longer < 0) segments.pop()
      return `/${segments.join('/')}${query}`
    })

const pathPattern = fc
  .array(fc.oneof(fc.constantFrom(...SEGMENTS), fc.constantFrom('{p}', '{q_1}', '{__proto__}')), {
    minLength: 1,
    maxLength: 5
  })
  .map(segments => {
    const names = new Set<string>()
    const known = (each: string) => each.startsWith('{') && names.size === names.add(each).size
    return `/${segments.filter(each => !known(each)).join('/')}`
  })

/** No target fits two of the paths: which of them is meant then is another question. */
const routeTable = fc
  .array(fc.record({ method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'), path: pathPattern }), {
    minLength: 1,
    maxLength: 30
  })
  .map(routes => {
    const kept: PlainRoute[] = []
    for (const route of routes) {
      if (
        !kept.some(other =>
          other.path === route.path ? other.method === route.method : overlap(other.path, route.path)
        )
      )
        kept.push(route)
    }
    return kept
  })

function overlap(one: string, other: string): boolean {
  const [left, right] = [one.split('/'), other.split('/')]
  const meet = (a: string, b: string) => a === b || a.startsWith('{') || b.startsWith('{')
  return left.length === right.length && left.every((each, at) => meet(each, right[at]))
}

const routerFor = (routes: readonly PlainRoute[], options?: RouterOptions): Router =>
  new Router(routes as unknown as readonly Route[], options)

function outcome(find: () => { route: unknown; params: object; query: unknown }): unknown {
  try {
    const { route, params, query } = find()
    return { route, params: Object.entries(params), query: String(query) }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return [error.code, error.message, error.headers]
  }
}

const sameAs = (plain: PlainRouter, router: Router, method: string, target: string): void =>
  assert.deepEqual(
    outcome(() => router.find(method, target)),
    outcome(() => plain.find(method, target)),
    `${method} ${target}`
  )

suite('The router finds what the obvious one finds, and refuses in the same words,', () => {
  for (const [name, routes] of Object.entries({
    'of v1': v1Routes as readonly PlainRoute[],
    'of the dialects': DIALECTS
  })) {
    test(`in the routes ${name}`, () => {
      const [plain, router] = [new PlainRouter(routes), routerFor(routes)]
      fc.assert(
        fc.property(fc.constantFrom(...METHODS), targetFor(routes), (method, target) =>
          sameAs(plain, router, method, target)
        ),
        { numRuns: 5000 }
      )
      for (const method of METHODS) for (const { path } of routes) sameAs(plain, router, method, path)
    })
  }

  test('in any table of routes', () => {
    const any = routeTable.chain(routes =>
      fc.tuple(fc.constant(routes), fc.array(targetFor(routes), { minLength: 20, maxLength: 20 }))
    )
    fc.assert(
      fc.property(any, fc.constantFrom(...METHODS), ([routes, targets], method) => {
        const [plain, router] = [new PlainRouter(routes), routerFor(routes)]
        for (const target of targets) for (const each of ['GET', method]) sameAs(plain, router, each, target)
      }),
      { numRuns: 100 }
    )
  })

  test('and where a slash more is let pass, the same with one as without', () => {
    const [plain, router] = [new PlainRouter(DIALECTS), routerFor(DIALECTS, { trailingSlash: true })]
    fc.assert(
      fc.property(fc.constantFrom(...METHODS), targetFor(DIALECTS), (method, target) => {
        const [path, ...query] = target.split('?')
        const shorter = path.endsWith('/') && path !== '/' && path !== '//' ? path.slice(0, -1) : path
        const expected = outcome(() => plain.find(method, [shorter, ...query].join('?')))
        assert.deepEqual(
          outcome(() => router.find(method, target)),
          expected,
          `${method} ${target}`
        )
      }),
      { numRuns: 5000 }
    )
  })
})

suite('A path', () => {
  const find = (method: string, target: string, options?: RouterOptions) =>
    outcome(() => routerFor(DIALECTS, options).find(method, target))

  test('keeps an escaped slash in its parameter, and a colon in its text', () => {
    const target = '/v3/clusters/c%2F1/topics/a%2Fb/records:batch?x=%2F'
    const params = [
      ['cluster_id', 'c/1'],
      ['topic_name', 'a/b']
    ]
    assert.deepEqual(find('POST', target), { route: DIALECTS[12], params, query: 'x=%2F' })
    assert.deepEqual(find('POST', target.replace(':', '%3A'))?.[0 as never], 'ROUTE_NOT_FOUND')
  })

  test('ends in a slash only where that is let pass, once', () => {
    const options = { trailingSlash: true }
    const found = { route: DIALECTS[1], params: [], query: '' }
    assert.deepEqual(find('GET', '/topics/', options), found)
    assert.deepEqual(find('GET', '/topics', options), found)
    for (const [target, given] of [
      ['/topics/'],
      ['/topics//', options],
      ['//', options],
      ['/topics//a', options]
    ] as const)
      assert.deepEqual(find('GET', target, given), ['ROUTE_NOT_FOUND', 'There is nothing at this path.', undefined])
  })

  test('that is fixed goes before a parameter, each method by itself', () => {
    const routes = [
      { method: 'GET', path: '/topics/{topic}/partitions' },
      { method: 'DELETE', path: '/topics/{topic}' },
      { method: 'GET', path: '/topics/-/configs' },
      { method: 'GET', path: '/topics/-' }
    ]
    const router = routerFor(routes)
    const found = (method: string, target: string) => outcome(() => router.find(method, target))
    assert.deepEqual(found('GET', '/topics/-'), { route: routes[3], params: [], query: '' })
    assert.deepEqual(found('GET', '/topics/-/partitions'), { route: routes[0], params: [['topic', '-']], query: '' })
    assert.deepEqual(found('DELETE', '/topics/-'), { route: routes[1], params: [['topic', '-']], query: '' })
    assert.deepEqual((found('PUT', '/topics/-') as unknown[])[2], { Allow: 'DELETE, GET, HEAD' })
  })

  test('is there once for each method', () => {
    assert.throws(() => routerFor([DIALECTS[1], DIALECTS[1]]), /already declared/)
  })
})

test('a query that is asked again is the same object, and a long one is not kept', () => {
  const router = routerFor(DIALECTS)
  const query = (text: string) => router.find('GET', `/topics?${text}`).query
  assert.equal(query('count=1'), query('count=1'))
  assert.equal(query('count=2').get('count'), '2')
  const long = 'x'.repeat(257)
  assert.notEqual(query(long), query(long))
})
