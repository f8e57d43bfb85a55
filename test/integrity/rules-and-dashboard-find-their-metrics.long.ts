import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sharedBroker } from '../support/gateway.ts'
import { Client } from './support/client.ts'
import { openSocket } from './support/sockets.ts'
import { createTopic } from './support/topics.ts'
import { until } from './support/workers.ts'

const DEPLOY = new URL('../../deploy/', import.meta.url)
const text = (path: string) => readFileSync(new URL(path, DEPLOY), 'utf8')

const hasPrometheus = (): boolean => {
  try {
    execFileSync('sh', ['-c', 'command -v prometheus'])
    return true
  } catch {
    return false
  }
}
const skip = !hasPrometheus() && 'no prometheus (Debian: apt-get install prometheus)'

/** What a gateway shows only once it happens, or where it is configured so. */
const NOT_PLAYED =
  /kafka_rest_(kafka_throttle_seconds_total|identit\w+|credentials_usable|graph_calls_total|worker_failures_total)/

interface Row {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

suite('Rules and dashboard find their metrics', { skip, timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-prometheus-'))
  let gateway: GatewayProcess
  let url: string
  let prometheus: ReturnType<typeof spawn>

  before(async () => {
    const managementPort = await freePort()
    gateway = await GatewayProcess.start({
      bootstrapServers: [sharedBroker()],
      settings: { management: { port: managementPort, token: 'secret' }, metrics: { topics: 10 } }
    })
    await traffic(gateway)
    const config = parse(text('prometheus/prometheus.yaml')) as { scrape_configs: Record<string, unknown>[] }
    const [job] = config.scrape_configs
    // On the gateway's own machine, as the page says.
    delete job.tls_config
    Object.assign(job, { scheme: 'http', static_configs: [{ targets: [`127.0.0.1:${managementPort}`] }] })
    const global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' }
    writeFileSync(join(folder, 'prometheus.yaml'), stringify({ global, ...config }))
    writeFileSync(join(folder, 'management-token'), 'secret')
    copyFileSync(new URL('prometheus/alerts.yaml', DEPLOY), join(folder, 'alerts.yaml'))
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const flags = [`--config.file=${join(folder, 'prometheus.yaml')}`, `--storage.tsdb.path=${join(folder, 'data')}`]
    prometheus = spawn('prometheus', [...flags, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' })
    await until('Prometheus has scraped three times', async () => {
      const [row] = await query('count_over_time(up{job="kafka-rest-gateway"}[1m])').catch(() => [])
      return Number(row?.value[1] ?? 0) >= 3
    })
    await traffic(gateway)
    const scraped = Date.now()
    await until('Prometheus has scraped that too', async () => {
      const [row] = await query('timestamp(up{job="kafka-rest-gateway"})')
      return Number(row.value[1]) * 1000 > scraped + 1000
    })
  })
  after(async () => {
    prometheus.kill('SIGKILL')
    await once(prometheus, 'exit')
    await gateway.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const ask = async (path: string) => {
    const response = await fetch(url + path)
    const { status, data, error } = (await response.json()) as { status: string; data: unknown; error?: string }
    assert.equal(status, 'success', error)
    return data
  }
  const query = async (expr: string) =>
    ((await ask(`/api/v1/query?query=${encodeURIComponent(expr)}`)) as { result: Row[] }).result

  test('Prometheus takes the rules, evaluates each without an error, and none of them fires', async () => {
    interface Rules {
      readonly groups: {
        readonly rules: { readonly name: string; readonly state: string; readonly health: string }[]
      }[]
    }
    let rules: Rules['groups'][number]['rules'] = []
    await until('all rules were evaluated', async () => {
      rules = ((await ask('/api/v1/rules')) as Rules).groups.flatMap(group => group.rules)
      return rules.every(({ health }) => health === 'ok')
    })
    assert.equal(rules.length, 12)
    assert.deepEqual(
      new Set(rules.map(({ name, state }) => `${name} ${state}`)),
      new Set(rules.map(({ name }) => `${name} inactive`))
    )
  })

  test('what each rule compares is there', async () => {
    const { groups } = parse(text('prometheus/alerts.yaml')) as {
      groups: { rules: { alert: string; expr: string }[] }[]
    }
    for (const { alert, expr } of groups.flatMap(({ rules }) => rules)) {
      const compared = expr.replace(/ (==|>|<) [\d* .]+$/, '')
      assert.notEqual(compared, expr, alert)
      if (!NOT_PLAYED.test(expr)) assert.ok((await query(compared)).length > 0, `${alert}: ${compared}`)
    }
  })

  test('each query of the dashboard is one, and has a row', async () => {
    const { panels } = JSON.parse(text('grafana/kafka-rest-gateway.json')) as {
      panels: { title: string; targets?: { expr: string }[] }[]
    }
    let rows = 0
    for (const { title, targets = [] } of panels)
      for (const { expr } of targets) {
        const result = await query(expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m'))
        rows += result.length
        if (!NOT_PLAYED.test(expr)) assert.ok(result.length > 0, `${title}: ${expr}`)
      }
    assert.ok(rows > 100, `${rows} rows`)
  })
})

/** Records that go in and come out, a refused caller, a client that does not trust the certificate. */
async function traffic(gateway: GatewayProcess): Promise<void> {
  const topic = await createTopic(gateway, 'measured')
  const client = new Client(gateway)
  for (let number = 0; number < 20; number++)
    assert.equal(
      (await client.request('POST', `/v1/producer/topics/${topic}`, '{"records":[{"value":1}]}')).status,
      200
    )
  assert.equal((await client.request('GET', `/v1/consumer/topics/${topic}/partitions/0/offsets/0?count=5`)).status, 200)
  assert.equal((await client.request('GET', '/v1/nowhere')).status, 404)
  client.close()
  const { url, token } = gateway
  await openSocket({ url, token, ca: Buffer.from('') }).catch(() => undefined)
}
