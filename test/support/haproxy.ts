import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/dev/kafka/free-port.ts'

const PROGRAM = '/usr/sbin/haproxy'
const START_LIMIT_MS = 10_000

/** Why a test that needs HAProxy is skipped; false where it is installed. */
export const withoutHaproxy = !existsSync(PROGRAM) && 'no haproxy (Debian: apt-get install haproxy)'

export interface Haproxy {
  readonly port: number
  close(): Promise<void>
}

/** Starts HAProxy with the configuration for a port of this machine. Resolves when it takes connections there. */
export async function startHaproxy(configurationFor: (port: number) => string): Promise<Haproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-haproxy-'))
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, configurationFor(port))
  execFileSync(PROGRAM, ['-c', '-q', '-f', file], { stdio: 'inherit' })
  const proxy = spawn(PROGRAM, ['-db', '-f', file], { stdio: 'ignore' })
  const ended = once(proxy, 'exit')
  for (const end = performance.now() + START_LIMIT_MS; !(await takesConnections(port)); await sleep(20))
    if (performance.now() > end || proxy.exitCode !== null) throw new Error('HAProxy does not start.')
  return {
    port,
    async close() {
      proxy.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
