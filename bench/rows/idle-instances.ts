import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewayProcess } from '../../test/support/gateway-process.ts'
import type { Bench } from '../support/bench.ts'
import { InstanceClient } from '../support/instances.ts'
import type { Aim, Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'

const GROUPS = 50
const MEMBERS = 100
const INSTANCES = GROUPS * MEMBERS
/** What they cost is told for so many. */
const TOLD = 10_000
const CONNECTIONS_A_GROUP = 20
const WARM_GROUPS = 4
const IDLE_MS = 60_000
const BEFORE_MS = 10_000
const MEMORY_MB = 50
const CPU_PERCENT = 5

const MEMORY = `${TOLD} idle instances, in MB of heap and buffers`
const CPU = `${TOLD} idle instances, in % of a core`
const CREATED = 'making and subscribing one, in ms'

/** On SIGWINCH the gateway collects its garbage, and prints what it holds. */
const COLLECTOR = `data:text/javascript,${encodeURIComponent(`
process.on('SIGWINCH', () => {
  gc()
  setTimeout(() => { gc(); console.log('held ' + JSON.stringify(process.memoryUsage()) + ' held') }, 500)
})`)}`

/** P10: what instances cost that nobody calls, each with one partition, in groups of some hundred. */
export function idleInstances(): Row {
  const aim = (contestant: string, factor: number): Aim => ({
    text: `${contestant}: ≤ ${factor}`,
    contestant,
    of: 'size',
    factor
  })
  return {
    id: 'P10',
    title: `${INSTANCES} consumer instances in ${GROUPS} groups of one gateway`,
    unit: 'value',
    lessIsBetter: true,
    aims: [aim(MEMORY, MEMORY_MB), aim(CPU, CPU_PERCENT)],
    round
  }
}

async function* round(bench: Bench): AsyncGenerator<Sample> {
  const gateway = await bench.startGateway({
    plain: true,
    settings: { consumers: { instanceTimeoutMs: 3_600_000, instances: 2 * INSTANCES } },
    nodeFlags: ['--expose-gc', '--import', COLLECTOR]
  })
  try {
    const topic = await bench.createTopic('idle', MEMBERS)
    // They make the connections for joining, of which there are as many for any number of groups.
    await Promise.all(
      Array.from({ length: WARM_GROUPS }, () => createGroup(gateway, `warm-${crypto.randomUUID()}`, topic))
    )
    const idleBefore = await cpuPercent(gateway, BEFORE_MS)
    const bytesBefore = await heldBytes(gateway)
    const startMs = performance.now()
    await createAll(gateway, topic)
    yield { contestant: CREATED, rate: (performance.now() - startMs) / INSTANCES }
    const cpu = await cpuPercent(gateway, IDLE_MS)
    yield { contestant: CPU, rate: ((cpu - idleBefore) * TOLD) / INSTANCES }
    yield { contestant: MEMORY, rate: (((await heldBytes(gateway)) - bytesBefore) / 1e6) * (TOLD / INSTANCES) }
  } finally {
    gateway.signal('SIGKILL')
    await gateway.stop()
  }
}

async function createAll(gateway: GatewayProcess, topic: string): Promise<void> {
  const run = crypto.randomUUID()
  for (let group = 0; group < GROUPS; group++) await createGroup(gateway, `idle-${run}-${group}`, topic)
}

async function createGroup(gateway: GatewayProcess, group: string, topic: string): Promise<void> {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS_A_GROUP }, () => InstanceClient.connect(gateway)))
  let next = 0
  const work = async (client: InstanceClient) => {
    while (next < MEMBERS) await client.create(group, `instance-${next++}`, topic)
    client.close()
  }
  await Promise.all(clients.map(work))
}

async function cpuPercent(gateway: GatewayProcess, ms: number): Promise<number> {
  await sleep(5000)
  const [cpuUs, startMs] = [gateway.cpuUs(), performance.now()]
  await sleep(ms)
  return (gateway.cpuUs() - cpuUs) / (performance.now() - startMs) / 10
}

async function heldBytes(gateway: GatewayProcess): Promise<number> {
  const shown = () => [...gateway.log.matchAll(/held (\{.*\}) held/g)]
  const before = shown().length
  gateway.signal('SIGWINCH')
  for (const end = performance.now() + 30_000; shown().length === before; await sleep(100))
    if (performance.now() > end) throw new Error('The gateway does not say what it holds.')
  const { heapUsed, external } = JSON.parse(shown()[before][1]) as NodeJS.MemoryUsage
  return heapUsed + external
}
