import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request as send } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dialect } from '../../src/api/v2/record-form.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Log, RequestLog } from '../../src/core/log.ts'
import { appWithGroups, RESOURCE, type Application } from '../../src/dev/identity/directory.ts'
import { LocalServices } from '../../src/dev/local-services.ts'
import { startServer, type RunningServer } from '../../src/server/start.ts'
import { problemsOf } from './description.ts'
import { openStream, type TestStream } from './stream.ts'
import { TestUpload } from './upload.ts'

export interface TestResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly json: any // oxlint-disable-line typescript/no-explicit-any -- whatever the server answered is compared whole
}

export interface TestRequest {
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Null sends none. */
  readonly token?: string | null
}

export interface TestGatewayOptions {
  readonly bootstrapServers?: readonly string[]
  /** Parts of the configuration, section by section. */
  readonly settings?: Readonly<Record<string, object>>
  /** Off where Kafka is not to be reached. */
  readonly awaitReady?: boolean
}

/** The address of the broker that the test run shares. */
export function sharedBroker(): string {
  const address = process.env.KAFKA_REST_TEST_BOOTSTRAP
  if (address === undefined) throw new Error('Start the tests with `npm test`: it starts the broker that they share.')
  return address
}

let topics = 0

export function uniqueTopic(purpose: string): string {
  return `${purpose}-${process.pid}-${Date.now().toString(36)}-${topics++}`
}

/** The whole product over HTTPS, with authentication by the local identity provider, in front of a real Kafka. */
export class TestGateway {
  readonly services: LocalServices
  readonly server: RunningServer
  /** What was logged from `warn` up. */
  readonly logged: { readonly fields: object; readonly message: string }[]
  readonly #agent: Agent
  readonly #folder: string
  #token = ''
  /** Of v2. */
  #dialect: Dialect = 'confluent'

  private constructor(services: LocalServices, server: RunningServer, logged: TestGateway['logged'], folder: string) {
    this.services = services
    this.server = server
    this.logged = logged
    this.#folder = folder
    this.#agent = new Agent({ keepAlive: true, ca: readFileSync(services.certificates.caFile) })
  }

  static async start({
    bootstrapServers = [sharedBroker()],
    settings = {},
    awaitReady = true
  }: TestGatewayOptions = {}): Promise<TestGateway> {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-gateway-'))
    const services = await LocalServices.start({
      dataDir: folder,
      ephemeral: false,
      identityPort: 0,
      gatewayPort: 0,
      bootstrapServers,
      say: () => undefined
    })
    const base = services.settings()
    const flags = {
      ...base,
      ...settings,
      listen: { ...base.listen, ...settings.listen, host: 'localhost', port: 0 },
      kafka: { ...base.kafka, ...settings.kafka },
      auth: { ...base.auth, ...settings.auth }
    }
    const { config } = loadConfig({ env: {}, flags })
    const logged: TestGateway['logged'] = []
    const keep = (fields: object, message: string) => void logged.push({ fields, message })
    const ignore = () => undefined
    const log: Log & RequestLog = { debug: ignore, info: ignore, warn: keep, error: keep, request: ignore }
    const server = await startServer(config, log, {
      hosts: ['127.0.0.1'],
      setLogLevel: level => logged.push({ fields: { level }, message: 'setLogLevel' })
    })
    const gateway = new TestGateway(services, server, logged, folder)
    if (config.apis.v2 !== 'off') gateway.#dialect = config.apis.v2
    gateway.#token = await gateway.token(appWithGroups)
    if (awaitReady) await gateway.untilReady()
    return gateway
  }

  /** The token that requests have. */
  get ownToken(): string {
    return this.#token
  }

  get port(): number {
    return this.server.port
  }

  async untilReady(): Promise<void> {
    for (const end = Date.now() + 20_000; ;) {
      const { status } = await this.request('GET', '/health/ready', { token: null })
      if (status === 200) return
      if (Date.now() > end) throw new Error('The gateway does not become ready.')
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  /** A token of the local provider for one of its applications. */
  async token({ clientId, clientSecret }: Application): Promise<string> {
    const form = {
      client_id: clientId,
      client_secret: clientSecret,
      grant_type: 'client_credentials',
      scope: `${RESOURCE}/.default`
    }
    const { json } = await this.#exchange('POST', this.services.identity.tokenUrl, {
      body: new URLSearchParams(form).toString()
    })
    return String(json.access_token)
  }

  /**
   * Sends a request, by default with a token that is let in; a body is declared as JSON unless the headers say otherwise.
   * Rejects where the answer is not as the description of the API says.
   */
  async request(
    method: string,
    path: string,
    { token = this.#token, headers, ...rest }: TestRequest = {}
  ): Promise<TestResponse> {
    const answer = await this.#exchange(method, `https://localhost:${this.port}${path}`, {
      ...rest,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(rest.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers
      }
    })
    assert.deepEqual(
      problemsOf(method, path, answer, this.#dialect),
      [],
      `${method} ${path}: ${answer.text.slice(0, 500)}`
    )
    return answer
  }

  get(path: string): Promise<TestResponse> {
    return this.request('GET', path)
  }

  /** Sends a GET and leaves when the signal aborts. */
  async leave(path: string, signal: AbortSignal): Promise<void> {
    await new Promise<void>(resolve => {
      const headers = { authorization: `Bearer ${this.#token}` }
      const request = send(`https://localhost:${this.port}${path}`, { headers, agent: this.#agent, family: 4, signal })
      request.on('error', () => resolve())
      request.end()
    })
  }

  /** Opens an answer that streams; its text grows. */
  stream(path: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<TestStream> {
    return openStream(`https://localhost:${this.port}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, ...headers },
      ca: readFileSync(this.services.certificates.caFile)
    })
  }

  /** Opens a request whose body is sent while its answer comes. */
  upload(path: string, headers: Readonly<Record<string, string>>): TestUpload {
    return new TestUpload(`https://localhost:${this.port}${path}`, {
      headers: { authorization: `Bearer ${this.#token}`, ...headers },
      ca: readFileSync(this.services.certificates.caFile)
    })
  }

  async createTopic(name: string, body: object = {}): Promise<void> {
    const { status, text } = await this.request('PUT', `/v1/topics/${name}`, { body: JSON.stringify(body) })
    if (status !== 200) throw new Error(`Topic ${name} was not created: ${text}`)
  }

  produce(topic: string, records: readonly object[]): Promise<TestResponse> {
    return this.request('POST', `/v1/producer/topics/${topic}`, { body: JSON.stringify({ records }) })
  }

  read(topic: string, partition: number, offset: number | string, count = 1000): Promise<TestResponse> {
    return this.get(`/v1/consumer/topics/${topic}/partitions/${partition}/offsets/${offset}?count=${count}`)
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    await this.server.close()
    await this.services.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #exchange(method: string, url: string, { body, headers = {} }: TestRequest): Promise<TestResponse> {
    return new Promise((resolve, reject) => {
      const request = send(url, { method, headers, agent: this.#agent, family: 4 }, response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          let json: unknown
          try {
            json = JSON.parse(text)
          } catch {
            json = undefined
          }
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
        })
      })
      request.on('error', reject)
      request.end(body)
    })
  }
}
