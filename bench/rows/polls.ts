import { setTimeout as sleep } from 'node:timers/promises'
import { pagePath } from '../load/requests.ts'
import type { Bench } from '../support/bench.ts'
import { InstanceClient, recordsIn } from '../support/instances.ts'
import type { Aim, Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { spreadOf } from '../support/statistics.ts'
import { bodyOf, RECORDS_PER_REQUEST, VALUES } from './bulk-produce.ts'

const RECORDS = 100
const BYTES = RECORDS * VALUES[0].length
const TURNS = 100
/** For a client that does something with what it got. */
const PAUSE_MS = 30
const POLL = `records?timeout=1000&max_bytes=${BYTES}`

const V1 = 'v1, a read'
const SAME = 'v2, a poll of the same process'
const OTHER = 'v2, a poll that takes the instance over'
const NEXT = 'v2, the same at once after a poll of another process'

/** P9: how much longer a poll takes than v1's read of the same records, by the median. */
export function polls(): Row {
  let topic = ''
  const aim = (contestant: string, plusMs: number): Aim => ({
    text: `${contestant} ≤ ${V1} + ${plusMs} ms`,
    contestant,
    against: V1,
    of: 'size',
    factor: 1,
    plusMs
  })
  return {
    id: 'P9',
    title: `answers that bring ${RECORDS} records of 100 bytes, one request at a time`,
    unit: 'ms',
    lessIsBetter: true,
    aims: [aim(SAME, 5), aim(OTHER, 15), aim(NEXT, 15)],
    async prepare(bench) {
      topic = await bench.createTopic('polls', 1)
      const work = {
        kind: 'produce',
        path: `/v1/producer/topics/${topic}`,
        body: body(),
        records: RECORDS_PER_REQUEST
      } as const
      await bench.measure('fill', await bench.gateway('http'), work, { connections: 1, seconds: 1 })
    },
    round: bench => round(bench, topic)
  }
}

const body = () => bodyOf(number => JSON.stringify({ value: VALUES[number] }))

/** Each turn has one request of each kind, so that all of them meet the same machine. */
async function* round(bench: Bench, topic: string): AsyncGenerator<Sample> {
  const gateways = [await bench.gateway('http'), await bench.gateway('http', { consumers: { pollBytes: BYTES } })]
  const clients = await Promise.all(gateways.map(gateway => InstanceClient.connect(gateway)))
  const [here, there] = clients
  const group = `polls-${crypto.randomUUID()}`
  const stays = await here.create(`${group}-stays`, 'stays', topic)
  const moves = await here.create(`${group}-moves`, 'moves', topic)
  const hurries = await here.create(`${group}-hurries`, 'hurries', topic)
  const times = new Map<string, number[]>([V1, SAME, OTHER, NEXT].map(name => [name, []]))
  const timed = async (name: string, client: InstanceClient, path: string) => {
    const startMs = performance.now()
    const records = recordsIn(await client.read(path))
    times.get(name)?.push(performance.now() - startMs)
    if (records === 0 || records > RECORDS) throw new Error(`${name}: ${records} records came.`)
  }
  for (let turn = 0; turn < TURNS; turn++) {
    const client = clients[turn % 2]
    await timed(V1, client, pagePath(topic, 0, turn * RECORDS, RECORDS, '&value_encoding=base64'))
    await timed(SAME, here, `${stays}/${POLL}`)
    await timed(OTHER, client, `${moves}/${POLL}`)
    await timed(NEXT, here, `${hurries}/${POLL}`)
    await timed(NEXT, there, `${hurries}/${POLL}`)
    await sleep(PAUSE_MS)
  }
  for (const instance of [stays, moves, hurries]) await here.call('DELETE', instance)
  for (const client of clients) client.close()
  for (const [contestant, all] of times) yield { contestant, rate: spreadOf(all).median }
}
