import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { GatewayProcess } from '../../support/gateway-process.ts'
import { sharedBroker } from '../../support/gateway.ts'

const LIMIT_MS = 10_000

/** A gateway of two workers. */
export interface Instance {
  readonly gateway: GatewayProcess
  readonly managementPort: number
}

/** Resolves when both are ready. */
export async function startWorkers(): Promise<Instance> {
  const managementPort = await freePort()
  const gateway = await GatewayProcess.start({
    bootstrapServers: [sharedBroker()],
    workers: 2,
    settings: { limits: { shutdownGraceMs: 5000 }, management: { port: managementPort } }
  })
  await until('both workers serve', async () => (await ready(managementPort)).status === 200)
  return { gateway, managementPort }
}

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + LIMIT_MS; !(await holds()); await sleep(20))
    assert.ok(performance.now() < end, `in ${LIMIT_MS} ms it did not happen that ${what}`)
}

/** What the management listener says. */
export const ready = async (port: number) => {
  const response = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined)
  const { not_ready: notReady } = ((await response?.json()) ?? {}) as { not_ready?: string[] }
  return { status: response?.status, notReady }
}

export const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
