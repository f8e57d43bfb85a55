import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { freePort } from '../src/dev/kafka/free-port.ts'

const BIN = new URL('../bin/kafka-rest-proxy.js', import.meta.url).pathname
/** `utime` and `stime` in /proc are counted in these (USER_HZ). */
const TICKS_PER_SECOND = 100

/** The gateway as users run it: a process of its own, `serve`, everything on. */
export class GatewayProcess {
  readonly url: string
  /** From the start of the process until it is ready. */
  readonly readyAfterMs: number
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess, readyAfterMs: number) {
    this.url = url
    this.#child = child
    this.readyAfterMs = readyAfterMs
  }

  static async start(environment: NodeJS.ProcessEnv): Promise<GatewayProcess> {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const startedMs = performance.now()
    const listen = {
      KAFKA_REST_LISTEN_TLS: 'none',
      KAFKA_REST_LISTEN_HOST: '127.0.0.1',
      KAFKA_REST_LISTEN_PORT: String(port)
    }
    const env = { PATH: process.env.PATH, ...listen, ...environment }
    const child = spawn(process.execPath, [BIN, 'serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    while (!(await isReady(url))) {
      if (child.exitCode !== null || performance.now() - startedMs > 30_000)
        throw new Error('The gateway did not become ready.')
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    return new GatewayProcess(url, child, performance.now() - startedMs)
  }

  /** Processor time used so far. */
  cpuUs(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ')[1].split(' ')
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6
  }

  /** Resident memory now and at its highest. */
  memoryMb(): { now: number; peak: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
    return { now: Math.round(kilobytes('VmRSS') / 1024), peak: Math.round(kilobytes('VmHWM') / 1024) }
  }

  async stop(): Promise<number | null> {
    const exited = new Promise<number | null>(resolve => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    return exited
  }
}

function isReady(url: string): Promise<boolean> {
  return new Promise(resolve => {
    get(`${url}/health/ready`, response => {
      response.resume()
      resolve(response.statusCode === 200)
    }).on('error', () => resolve(false))
  })
}
