import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get as getPlain } from 'node:http'
import { Agent, get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientCredentialsTokens } from '../../src/core/lib/client-credentials.ts'
import { JsonClient } from '../../src/core/lib/https-json.ts'
import { appWithGroups, RESOURCE } from '../../src/dev/identity/directory.ts'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { LocalServices } from '../../src/dev/local-services.ts'
import { cpuUsOf } from './process-cpu.ts'
import { memoryMbOf } from './process-memory.ts'

const BIN = new URL('../../bin/kafka-rest-gateway.js', import.meta.url).pathname
const LOG_FILE = 'gateway.log'
const CONFIG_FILE = 'config.yaml'

export interface GatewayProcessOptions {
  readonly bootstrapServers: readonly string[]
  /** Parts of the configuration, section by section. */
  readonly settings?: Readonly<Record<string, object>>
  /** Processes that share the port. */
  readonly workers?: number
  /** Plain HTTP instead of HTTPS. */
  readonly plain?: boolean
  /** A free one when left out. */
  readonly port?: number
  /** Off where Kafka is not to be reached. */
  readonly awaitReady?: boolean
  /** Of Node itself. */
  readonly nodeFlags?: readonly string[]
  /** How many files it may have open; as many as the test when left out. */
  readonly openFiles?: number | undefined
  /** File to run in place of this clone's own program. */
  readonly program?: string | undefined
}

/** One line of the gateway's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string }

/** The gateway as users run it: `serve`, a process of its own, authentication by the local identity provider. */
export class GatewayProcess {
  readonly url: string
  readonly port: number
  /** Lets a caller in. */
  readonly token: string
  /** To trust; the file is gone after {@link stop}. */
  readonly caFile: string
  readonly ca: Buffer
  readonly certFile: string
  readonly keyFile: string
  /** From the start of the process until it was ready. */
  readyAfterMs = Number.NaN
  /** Status or signal of the end. */
  readonly exited: Promise<number | NodeJS.Signals | null>
  readonly #services: LocalServices
  readonly #folder: string
  readonly #child: ChildProcess

  private constructor(services: LocalServices, folder: string, url: string, token: string, child: ChildProcess) {
    this.url = url
    this.port = Number(new URL(url).port)
    this.token = token
    this.caFile = services.certificates.caFile
    this.ca = readFileSync(this.caFile)
    this.certFile = services.certificates.certFile
    this.keyFile = services.certificates.keyFile
    this.#services = services
    this.#folder = folder
    this.#child = child
    this.exited = new Promise(resolve => child.once('exit', (status, signal) => resolve(status ?? signal)))
  }

  static async start({
    bootstrapServers,
    settings = {},
    workers = 1,
    plain = false,
    port: wanted,
    awaitReady = true,
    nodeFlags = [],
    openFiles,
    program = BIN
  }: GatewayProcessOptions): Promise<GatewayProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-gateway-'))
    const services = await LocalServices.start({
      dataDir: folder,
      ephemeral: false,
      identityPort: 0,
      gatewayPort: 0,
      bootstrapServers,
      say: () => undefined
    })
    const port = wanted ?? (await freePort())
    const base = services.settings()
    const config = {
      ...base,
      ...settings,
      workers,
      listen: { ...base.listen, host: '127.0.0.1', port, ...(plain ? { tls: 'none' } : {}), ...settings.listen },
      kafka: { ...base.kafka, ...settings.kafka },
      auth: { ...base.auth, ...settings.auth }
    }
    const file = join(folder, CONFIG_FILE)
    writeFileSync(file, JSON.stringify(config))
    const token = await askToken(services)
    const startedMs = performance.now()
    const command = [process.execPath, ...nodeFlags, program, 'serve', '--config', file]
    const limited = openFiles === undefined ? [] : ['bash', '-c', `ulimit -n ${openFiles} && exec "$@"`, 'bash']
    const [first, ...others] = [...limited, ...command]
    const child = spawn(first, others, {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', openSync(join(folder, LOG_FILE), 'a'), 'inherit']
    })
    const gateway = new GatewayProcess(services, folder, `http${plain ? '' : 's'}://localhost:${port}`, token, child)
    if (awaitReady) {
      await gateway.untilReady(30_000).catch(async (error: unknown) => {
        await gateway.stop()
        throw error
      })
      gateway.readyAfterMs = performance.now() - startedMs
    }
    return gateway
  }

  /** What it logged so far, from `warn` up. */
  get warnings(): LogLine[] {
    return readFileSync(join(this.#folder, LOG_FILE), 'utf8')
      .split('\n')
      .filter(line => /"level":"(warn|error|fatal)"/.test(line))
      .map(line => JSON.parse(line) as LogLine)
  }

  get configFile(): string {
    return join(this.#folder, CONFIG_FILE)
  }

  get pid(): number {
    return Number(this.#child.pid)
  }

  /** Processes that it has started, its workers. */
  get childPids(): number[] {
    const text = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  }

  /** All that it logged so far. */
  get log(): string {
    return readFileSync(join(this.#folder, LOG_FILE), 'utf8')
  }

  async untilReady(limitMs: number): Promise<void> {
    for (const end = performance.now() + limitMs; !(await this.isReady()); await sleep(10)) {
      if (this.#child.exitCode !== null) throw new Error(`The gateway ended with ${this.#child.exitCode}.`)
      if (performance.now() > end) throw new Error('The gateway does not become ready.')
    }
  }

  isReady(): Promise<boolean> {
    return new Promise(resolve => {
      const ask = this.url.startsWith('https') ? get : getPlain
      ask(`${this.url}/health/ready`, { ca: this.ca, agent: false, family: 4 }, response => {
        response.resume()
        resolve(response.statusCode === 200)
      }).on('error', () => resolve(false))
    })
  }

  /** For as many connections as are asked for at once; they are kept. */
  agent(maxSockets = Infinity): Agent {
    return new Agent({ keepAlive: true, ca: this.ca, maxSockets })
  }

  /** Processor time used so far, by its workers too. */
  cpuUs(): number {
    return [this.pid, ...this.childPids].reduce((sum, pid) => sum + cpuUsOf(pid), 0)
  }

  /** Resident memory now and at its highest. */
  memoryMb(): { now: number; peak: number } {
    const { now, peak } = memoryMbOf(this.pid)
    return { now: Math.round(now), peak: Math.round(peak) }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** SIGTERM; resolves with the status of its end. */
  async stop(): Promise<number | NodeJS.Signals | null> {
    this.#child.kill('SIGTERM')
    const end = await this.exited
    await this.#services.close()
    rmSync(this.#folder, { recursive: true, force: true })
    return end
  }
}

/** A token of the local identity provider for an application that is let in. */
async function askToken({ identity, certificates }: LocalServices): Promise<string> {
  const client = new JsonClient({ caFile: certificates.caFile, timeoutMs: 5000 })
  const tokens = new ClientCredentialsTokens(client, {
    ...appWithGroups,
    tokenUrl: identity.tokenUrl,
    scope: `${RESOURCE}/.default`
  })
  const token = await tokens.token()
  client.close()
  return token
}
