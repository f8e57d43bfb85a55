import { fork, type ChildProcess } from 'node:child_process'
import type { GatewayProcess } from '../../test/support/gateway-process.ts'
import { cpuUsOf } from '../../test/support/process-cpu.ts'
import type { Endpoint } from '../load/raw-client.ts'

const PROGRAM = new URL('../load/floor.ts', import.meta.url).pathname

/** A bare `node:http` or `node:https` server in a process of its own, with the certificate of a gateway. */
export class FloorServer {
  readonly endpoint: Endpoint
  readonly #child: ChildProcess

  private constructor(endpoint: Endpoint, child: ChildProcess) {
    this.endpoint = endpoint
    this.#child = child
  }

  static async start(gateway: GatewayProcess): Promise<FloorServer> {
    const secure = gateway.url.startsWith('https')
    const child = fork(PROGRAM, secure ? [gateway.certFile, gateway.keyFile] : [], { stdio: 'inherit' })
    const port = await new Promise<number>(resolve => child.once('message', resolve))
    return new FloorServer({ host: '127.0.0.1', port, ...(secure ? { ca: gateway.ca.toString() } : {}) }, child)
  }

  get pid(): number {
    return Number(this.#child.pid)
  }

  cpuUs(): number {
    return cpuUsOf(this.pid)
  }

  stop(): void {
    this.#child.kill()
  }
}
