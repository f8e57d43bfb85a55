import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { createAuthority, createServerCertificate } from '../../src/dev/certificates/x509.ts'
import { gatewayApp } from '../../src/dev/identity/directory.ts'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../src/dev/kafka/local-cluster.ts'
import { GatewayProcess, type LogLine } from '../support/gateway-process.ts'
import { head, openSocket, received } from './support/sockets.ts'
import { until } from './support/workers.ts'

const STORY = new URL('the-log-tells-a-story.txt', import.meta.url)
/** Differ from run to run, or from version to version. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'level',
  'time',
  'msg',
  'ms',
  'pid',
  'version',
  'node',
  'bytesIn',
  'bytesOut'
])
/** What stands in its place, wherever it is said. */
const REPLACED: readonly [pattern: RegExp, by: string][] = [
  [/"(lastedMs|suppressed|nextAttemptMs)":\d+/g, '"$1":"(n)"'],
  [/\w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT/g, '(date)'],
  [/"serialNumber":"\w+"/g, '"serialNumber":"(serial number)"'],
  [/ \(tried a moment ago\)/g, ''],
  [/config\.yaml:1:\d+:/g, 'config.yaml:1:(column):']
]

suite('The log tells a story', { timeout: 120_000 }, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-story-'))
  let cluster: LocalCluster
  let gateway: GatewayProcess
  let managementPort: number

  before(async () => {
    cluster = await LocalCluster.start({ libs: await kafkaJars('.local', () => undefined), dataDir, brokers: 1 })
    managementPort = await freePort()
    gateway = await GatewayProcess.start({
      bootstrapServers: cluster.bootstrapServers,
      settings: { limits: { shutdownGraceMs: 1000, connections: 1000 }, management: { port: managementPort } }
    })
  })
  after(async () => {
    await gateway.stop()
    await cluster.kill()
    rmSync(dataDir, { recursive: true, force: true })
  })

  const lines = () =>
    gateway.log
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as LogLine)
  const untilSaid = (text: string) =>
    until(`the log says ${text}`, () =>
      lines().some(({ msg, requestId }) => msg.startsWith(text) || requestId === text)
    )
  /** As an operator reads it: what is told of whom, without times and ids. */
  const shown = ({ level, msg, ...line }: LogLine) => {
    const fields = Object.fromEntries(Object.entries(line).filter(([name]) => !LEFT_OUT.has(name)))
    const names: [RegExp | string, string][] = [
      [dirname(gateway.configFile), '(folder)'],
      [cluster.bootstrapServers[0], '(broker)'],
      [String(gateway.port), '(port)'],
      [String(managementPort), '(management port)'],
      ...REPLACED
    ]
    const text = `${level.padEnd(5)} ${msg}\n      ${JSON.stringify(fields)}`
    return names.reduce((told, [from, by]) => told.replaceAll(from, by), text)
  }
  const metrics = async () => (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text()
  /** Sends a request, and waits for its line. */
  const ask = async (id: string, method: string, path: string, { token = gateway.token, body = '' } = {}) => {
    const socket = await openSocket(gateway)
    const fields = [
      `X-Request-Id: ${id}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Connection: close'
    ]
    socket.write(head(token, method, path, ...fields) + body)
    await received(socket, 20_000)
    await untilSaid(id)
  }

  test('start, first requests, strangers, Kafka away and back, another certificate, other rules, the end: line by line', async () => {
    const scenes: [title: string, lines: readonly LogLine[]][] = []
    let told = 0
    const scene = async (title: string, play: () => Promise<unknown>) => {
      await play()
      const all = lines()
      scenes.push([title, all.slice(told)])
      told = all.length
    }
    const topic = '/v1/topics/orders'
    const producer = '/v1/producer/topics/orders'
    const pair = newPair()
    const record = { body: '{"records":[{"value":1}]}' }

    await scene('It starts', () => untilSaid('Started'))
    await scene('A caller creates a topic, writes and reads', async () => {
      await ask('create', 'PUT', topic)
      await ask('write', 'POST', producer, record)
      await ask('read', 'GET', '/v1/consumer/topics/orders/partitions/0/offsets/0')
    })
    await scene('A stranger tries three times', async () => {
      for (const id of ['first', 'second', 'third'])
        await ask(id, 'POST', producer, { ...record, token: 'made.up.token' })
    })
    await scene('Another one speaks HTTP where HTTPS is spoken', async () => {
      for (let number = 0; number < 2; number++) await plainRequest(gateway.port)
      await untilSaid('A client speaks plain HTTP')
    })
    await scene('Kafka is killed, and comes back', async () => {
      const [broker] = cluster.brokers
      await broker.kill()
      await untilSaid('Kafka cannot be reached')
      await ask('while-away', 'POST', producer, record)
      await broker.start()
      await untilSaid('Kafka answers again')
      await gateway.untilReady(10_000)
      await ask('back', 'POST', producer, record)
    })
    await scene('The certificate is replaced: first one of the two files, then the other', async () => {
      writeFileSync(gateway.certFile, pair.cert)
      await untilSaid('THE NEW CERTIFICATE IS NOT USED')
      writeFileSync(gateway.keyFile, pair.key)
      await untilSaid('The certificate was replaced')
    })
    await scene(
      'Rules are reloaded: first a broken file, then a sound one with a setting that needs a restart',
      async () => {
        const config = JSON.parse(readFileSync(gateway.configFile, 'utf8')) as {
          auth: { permittedGroups: string[] }
          limits: object
        }
        writeFileSync(
          gateway.configFile,
          JSON.stringify({ ...config, auth: { ...config.auth, permittedGroups: 'no list' } })
        )
        await untilSaid('THE NEW CONFIGURATION IS NOT USED')
        const limits = { ...config.limits, connections: 100 }
        const rules = [{ groups: config.auth.permittedGroups, operations: ['read', 'write'], topics: ['orders'] }]
        writeFileSync(gateway.configFile, JSON.stringify({ ...config, limits, auth: { ...config.auth, rules } }))
        await untilSaid('PART OF THE NEW CONFIGURATION')
      }
    )
    await scene('SIGTERM comes while a request is half sent', async () => {
      const socket = await openSocket({ url: gateway.url, token: gateway.token, ca: pair.ca })
      socket.write(head(gateway.token, 'POST', producer, 'X-Request-Id: half', 'Content-Length: 100') + '{"records"')
      await until('the request is under way', async () => /^kafka_rest_requests_in_flight 1$/m.test(await metrics()))
      gateway.signal('SIGTERM')
      assert.equal(await gateway.exited, 0)
    })

    const story = scenes.map(([title, of]) => `# ${title}\n\n${of.map(shown).join('\n')}\n`).join('\n')
    assert.equal(story, readFileSync(STORY, 'utf8'))
    const warnings = scenes.flatMap(([, of]) => of).filter(({ level }) => level !== 'info')
    const texts = warnings.map(({ msg, code = '' }) => `${msg} ${String(code)}`)
    assert.equal(new Set(texts).size, texts.length, 'no warning comes twice within a minute')
    for (const secret of [gateway.token, gatewayApp.clientSecret, 'made.up.token'])
      assert.ok(!gateway.log.includes(secret))
  })
})

function newPair() {
  const validity = { from: new Date(Date.now() - 3_600_000), days: 60 }
  const authority = createAuthority('Another authority', ['localhost'], validity)
  const { certificatePem, key } = createServerCertificate('localhost', ['localhost'], authority, validity)
  return {
    ca: Buffer.from(authority.certificatePem),
    cert: certificatePem,
    key: String(key.export({ type: 'pkcs8', format: 'pem' }))
  }
}

function plainRequest(port: number): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
    socket.on('error', () => undefined).once('close', () => resolve())
    socket.resume()
  })
}
