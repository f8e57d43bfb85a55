import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { TestGateway } from '../../support/gateway.ts'
import { manage } from './support.ts'

suite('The management listener', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await TestGateway.start({ settings: { management: { port: 0 } } })
  })
  after(() => gateway.close())

  test('negotiates the two text formats', async () => {
    const plain = await manage(gateway, '/metrics')
    assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.match(await plain.text(), /^# TYPE kafka_rest_requests_total counter$/m)
    const open = await manage(gateway, '/metrics', {
      headers: { accept: 'application/openmetrics-text;version=1.0.0' }
    })
    assert.equal(open.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8')
    const text = await open.text()
    assert.match(text, /^# TYPE kafka_rest_requests counter$/m)
    assert.ok(text.endsWith('# EOF\n'))
  })

  test('tells that it is alive, started and ready', async () => {
    const answers = []
    for (const path of ['/health/live', '/health/startup', '/health/ready']) {
      const response = await manage(gateway, path)
      answers.push([response.status, await response.json()])
    }
    assert.deepEqual(answers, [
      [200, { status: 'ok' }],
      [200, { status: 'ok' }],
      [200, { status: 'ok', not_ready: [] }]
    ])
  })

  test('names the part that is not ready, and says why without addresses', async () => {
    const settings = { management: { port: 0 }, kafka: { connectTimeoutMs: 200 } }
    const lonely = await TestGateway.start({ bootstrapServers: ['127.0.0.1:1'], settings, awaitReady: false })
    try {
      const response = await manage(lonely, '/health/ready')
      const { not_ready: parts, reasons } = (await response.json()) as { not_ready: string[]; reasons: object }
      assert.equal(response.status, 503)
      assert.ok(parts.includes('kafka'), parts.join())
      assert.deepEqual(reasons, { kafka: 'No broker can be reached' })
    } finally {
      await lonely.close()
    }
  })

  test('changes the log level, and refuses what is none', async () => {
    const put = (body: string) => manage(gateway, '/log-level', { method: 'PUT', body })
    const changed = await put('{"level":"debug"}')
    assert.deepEqual([changed.status, await changed.json()], [200, { level: 'debug' }])
    assert.deepEqual(
      gateway.logged.filter(({ message }) => message === 'setLogLevel').map(({ fields }) => fields),
      [{ level: 'debug' }]
    )
    for (const body of ['{"level":"loud"}', 'debug', '{}', 'null', `{"level":"${'x'.repeat(5000)}"}`])
      assert.equal((await put(body)).status, 400, body.slice(0, 20))
    assert.equal(gateway.logged.filter(({ message }) => message === 'setLogLevel').length, 1)
  })

  test('drains: readiness says no on both ports while all else is served, until it is told to stop', async () => {
    const put = (body: string) => manage(gateway, '/drain', { method: 'PUT', body })
    const ready = async () => {
      const detail = (await (await manage(gateway, '/health/ready')).json()) as { not_ready: string[] }
      return [(await gateway.request('GET', '/health/ready', { token: null })).status, detail.not_ready]
    }
    const drained = await put('{"draining":true}')
    assert.deepEqual([drained.status, await drained.json()], [200, { draining: true }])
    assert.deepEqual(await ready(), [503, ['draining']])
    assert.equal((await gateway.get('/v1/metadata/brokers')).status, 200)
    for (const body of ['', 'true', '{"draining":1}', '{}']) assert.equal((await put(body)).status, 400, body)
    assert.deepEqual(await ready(), [503, ['draining']])
    await put('{"draining":false}')
    assert.deepEqual(await ready(), [200, []])
  })

  test('tells of a changed log level, and who changed it, at a level that is shown', async () => {
    const put = (level: string) => manage(gateway, '/log-level', { method: 'PUT', body: `{"level":"${level}"}` })
    await put('warn')
    const before = gateway.logged.length
    await put('error')
    await put('fatal')
    await put('warn')
    const changed = (from: string, to: string) => ({
      fields: { from, to, caller: '127.0.0.1' },
      message: 'The log level is changed'
    })
    const set = (level: string) => ({ fields: { level }, message: 'setLogLevel' })
    assert.deepEqual(gateway.logged.slice(before), [
      changed('warn', 'error'),
      set('error'),
      changed('error', 'fatal'),
      set('fatal'),
      set('warn'),
      changed('fatal', 'warn')
    ])
  })

  test('refuses other paths and methods', async () => {
    assert.equal((await manage(gateway, '/v1/metadata/topics')).status, 404)
    const response = await manage(gateway, '/metrics', { method: 'POST', body: 'x' })
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'GET, HEAD'])
  })

  test('is not on the public port', async () => {
    for (const path of ['/metrics', '/log-level', '/drain', '/health/startup'])
      assert.equal((await gateway.get(path)).status, 404, path)
  })

  test('lets nobody but the bearer of its token see metrics or change anything, where it has one; health stays open', async () => {
    const closed = await TestGateway.start({
      awaitReady: false,
      settings: { management: { port: 0, token: 'management-secret' } }
    })
    try {
      const change = { method: 'PUT', body: '{"level":"debug"}' }
      for (const authorization of [
        undefined,
        'Bearer wrong',
        'Bearer management-secre',
        'Basic management-secret',
        ''
      ]) {
        const headers = authorization === undefined ? {} : { authorization }
        const refused = await manage(closed, '/metrics', { headers })
        assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer'])
        assert.doesNotMatch(await refused.text(), /kafka_rest|secret/)
        assert.equal((await manage(closed, '/log-level', { ...change, headers })).status, 401)
      }
      const headers = { authorization: 'Bearer management-secret' }
      assert.equal((await manage(closed, '/metrics', { headers })).status, 200)
      assert.equal((await manage(closed, '/log-level', { ...change, headers })).status, 200)
      assert.equal((await manage(closed, '/health/live')).status, 200)
    } finally {
      await closed.close()
    }
  })

  test('is off unless configured', async () => {
    const plain = await TestGateway.start({ awaitReady: false })
    try {
      assert.equal(plain.server.managementPort, undefined)
    } finally {
      await plain.close()
    }
  })
})
