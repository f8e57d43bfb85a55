import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { startFront } from './support/front.ts'

const anonymous = { headers: {} }
const PATHS = ['/docs', '/docs/page.css', '/docs/init.js', '/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js']
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

test('the documentation page and its files are served without a token, bound by a strict policy', async context => {
  const { call } = await startFront(context, { docs: { page: 'on' } })
  const types: (string | null)[] = []
  for (const path of PATHS) {
    const { status, headers } = await call(path, anonymous)
    assert.equal(status, 200, path)
    assert.equal(headers.get('content-security-policy'), POLICY, path)
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
    assert.equal(headers.get('referrer-policy'), 'no-referrer', path)
    assert.equal(headers.get('cache-control'), 'no-cache', path)
    types.push(headers.get('content-type'))
    const again = await call(path, { headers: { 'if-none-match': headers.get('etag') ?? '' } })
    assert.deepEqual([again.status, await again.text()], [304, ''], path)
  }
  const [css, javascript] = ['text/css; charset=utf-8', 'text/javascript; charset=utf-8']
  assert.deepEqual(types, ['text/html; charset=utf-8', css, javascript, css, javascript])
})

test("Swagger UI's files are those of its package, to the byte", async context => {
  const { call } = await startFront(context, { docs: { page: 'on' } })
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    const served = Buffer.from(await (await call(`/docs/${name}`, anonymous)).arrayBuffer())
    const installed = new URL(`../../node_modules/swagger-ui-dist/${name}`, import.meta.url)
    assert.ok(served.equals(readFileSync(installed)), name)
  }
})

test('the page has nothing inline, names no other host, and keeps no token beyond its own life', async context => {
  const { call } = await startFront(context, { docs: { page: 'on' } })
  const page = await (await call('/docs', anonymous)).text()
  assert.doesNotMatch(page, /<script>|<style|style=|\son\w+=|https?:|"\/\//)
  const script = await (await call('/docs/init.js', anonymous)).text()
  assert.match(script, /fetch\('openapi\.json'\)/)
  assert.match(script, /persistAuthorization: false/)
  assert.match(script, /validatorUrl: null/)
})

test('the hint is text, whatever it holds', async context => {
  const { call } = await startFront(context, { docs: { page: 'on', hint: `<b onclick="x">&'` } })
  const page = await (await call('/docs', anonymous)).text()
  assert.ok(page.includes('<code>&#60;b onclick=&#34;x&#34;&#62;&#38;&#39;</code>'), page)
})

test('HEAD answers as GET, other methods are 405', async context => {
  const { call } = await startFront(context, { docs: { page: 'on' } })
  for (const path of PATHS) {
    const head = await call(path, { method: 'HEAD', headers: {} })
    assert.deepEqual([head.status, await head.text()], [200, ''], path)
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const { status, headers } = await call(path, { method, headers: {} })
      assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD'], `${method} ${path}`)
    }
  }
})

test('off, and for other files beside it, it is as any path that is not there', async context => {
  const off = await startFront(context, { docs: { page: 'off' } })
  const on = await startFront(context, { docs: { page: 'on' } })
  const missing = await (await off.call('/nothing')).text()
  const others = ['/docs/', '/docs/package.json', '/docs/..%2fpages.ts', '/docs/LICENSE']
  for (const path of PATHS) {
    const known = await off.call(path)
    assert.deepEqual([known.status, await known.text()], [404, missing], path)
    assert.equal((await off.call(path, anonymous)).status, 401, path)
  }
  for (const path of others) assert.deepEqual([(await on.call(path)).status, path], [404, path])
})

test('the bare address shows a page that leads on, in development mode; elsewhere it is v2, or asks for a token as any path', async context => {
  const plain = await startFront(context, { docs: { page: 'on' } })
  assert.deepEqual(await (await plain.call('/', anonymous)).json(), {})
  const alone = await startFront(context, { docs: { page: 'on' }, speaks: { v2: 'off' } })
  assert.equal((await alone.call('/', anonymous)).status, 401)
  const { call } = await startFront(context, { docs: { page: 'on', hint: 'curl <token>', frontPage: true } })
  const front = await call('/', anonymous)
  assert.deepEqual(
    [front.status, front.headers.get('content-type'), front.headers.get('content-security-policy')],
    [200, 'text/html; charset=utf-8', POLICY]
  )
  const page = await front.text()
  assert.doesNotMatch(page, /<script|<style|style=|\son\w+=|https?:|"\/\//)
  assert.match(page, /curl &#60;token&#62;/)
  const links = [...page.matchAll(/<a href="([^"]+)"/g)].map(([, target]) => `/${target}`)
  assert.deepEqual(links, ['/docs', '/openapi.json', '/health/ready'])
  for (const path of links) assert.ok([200, 503].includes((await call(path, anonymous)).status), path)
})
