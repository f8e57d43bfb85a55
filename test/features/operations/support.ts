import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/dev/kafka/free-port.ts'

const BIN = new URL('../../../bin/kafka-rest-gateway.js', import.meta.url).pathname

export interface Served {
  readonly child: ChildProcess
  readonly url: string
  readonly folder: string
  /** Standard error so far. */
  readonly stderr: () => string
  /** Status or signal of the end, once all that it wrote has been read unless nobody reads it. */
  readonly exited: Promise<number | NodeJS.Signals | null>
}

/** `serve` without Kafka and without authentication, with standard output as given; ends with the test. */
export async function serve(t: TestContext, stdout: number | 'pipe', settings: object = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'operations-test-'))
  const port = await freePort()
  const file = join(folder, 'gateway.json')
  const config = {
    listen: { host: '127.0.0.1', port, tls: 'none' },
    kafka: { bootstrapServers: ['127.0.0.1:1'], deliveryTimeoutMs: 2000 },
    auth: { mode: 'none' },
    limits: { shutdownGraceMs: 500, requestTimeoutMs: 1000 },
    ...settings
  }
  writeFileSync(file, JSON.stringify(config))
  const stdio: StdioOptions = ['ignore', stdout, 'pipe']
  const child = spawn(process.execPath, [BIN, 'serve', '--config', file], { env: { PATH: process.env.PATH }, stdio })
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const exited = once(child, 'exit').then(async ([status, signal]) => {
    // What it wrote last is still in the pipes.
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null && stream.readableFlowing === true && !stream.closed) await once(stream, 'close')
    return (status ?? signal) as number | NodeJS.Signals | null
  })
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited
    rmSync(folder, { recursive: true, force: true })
  })
  return { child, url: `http://127.0.0.1:${port}`, folder, stderr: () => text, exited }
}

/** Resolves when the public port answers. */
export async function untilServing({ url, child, stderr }: Served): Promise<void> {
  for (const end = performance.now() + 60_000; !(await answers(url)); await sleep(20)) {
    if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}: ${stderr()}`)
    if (performance.now() > end) throw new Error(`It does not serve: ${stderr()}`)
  }
}

export const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/health/live`).then(
    response => response.ok,
    () => false
  )

export const isAlive = (pid: number | undefined): boolean => existsSync(`/proc/${pid}`)
