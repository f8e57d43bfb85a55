import { Deadline } from '../../../src/core/deadline.ts'
import { accessWithoutRules, type Call, type Principal } from '../../../src/core/principal.ts'
import type { RecordPage } from '../../../src/core/record-page.ts'
import { PAGE_CHUNK, PAGE_STRIDE, PAGE_VALUE_LENGTH, PAGE_VALUE_START } from '../../../src/core/record-page.ts'
import { Consumers } from '../../../src/gateway/instances/consumers.ts'
import type { ConsumersOptions, InstancesContext } from '../../../src/gateway/instances/context.ts'
import { GroupMemory } from '../../../src/gateway/instances/group-memory.ts'
import type { PageSink, Polled, Unshowable } from '../../../src/gateway/instances/poll.ts'
import type { RescueTimes } from '../../../src/gateway/instances/rescue.ts'
import type { CreateSettings } from '../../../src/gateway/instances/settings.ts'
import type { Cluster } from '../../../src/kafka/cluster.ts'
import { silent } from '../../kafka/transport/scripted-broker.ts'

export const PLAIN: CreateSettings = {
  format: 'binary',
  dialect: 'confluent',
  autoCommit: true,
  reset: 'earliest',
  isolation: 'committed',
  fetchMinBytes: 0,
  waitMs: null
}

const OPTIONS: ConsumersOptions = {
  sessionTimeoutMs: 10_000,
  instanceTimeoutMs: 300_000,
  userDataBytes: 16_384,
  pollBytes: 6 * 1024 * 1024,
  instances: 10_000,
  waits: 10_000,
  waitMs: 30_000
}

export interface GatewayUnderTest extends Consumers {
  readonly counted: { tookOver: number; rebalanced: number }
}

/** The instances of one gateway. */
export function consumersOf(
  cluster: Cluster,
  options: Partial<ConsumersOptions> = {},
  rescueTimes?: RescueTimes
): GatewayUnderTest {
  const counted = { tookOver: 0, rebalanced: 0 }
  const meter = { tookOver: () => void counted.tookOver++, rebalanced: () => void counted.rebalanced++ }
  return Object.assign(new Consumers({ ...contextOf(cluster, options), meter }, rescueTimes), { counted })
}

export function contextOf(
  { groups, reads, metadata }: Cluster,
  options: Partial<ConsumersOptions> = {},
  nowMs = Date.now
): InstancesContext {
  const meter = { tookOver: () => undefined, rebalanced: () => undefined }
  const memory = new GroupMemory()
  return { groups, reads, metadata, memory, options: { ...OPTIONS, ...options }, meter, nowMs, log: silent }
}

export function callOf(id = 'alice', ms = 8000, access: Principal['access'] = accessWithoutRules): Call {
  return { principal: { id, issuer: 'test', appOnly: false, access }, deadline: Deadline.after(ms) }
}

/** Collects values as text. */
export class Collected implements PageSink {
  readonly values: string[] = []
  readonly places: { topic: string; partition: number; offset: number }[] = []
  readonly #canShow: (value: string) => boolean

  constructor(canShow: (value: string) => boolean = () => true) {
    this.#canShow = canShow
  }

  add(topic: string, page: RecordPage): Unshowable | undefined {
    for (let row = 0; row < page.count; row++) {
      const at = row * PAGE_STRIDE
      const start = page.spans[at + PAGE_VALUE_START]
      const value = page.chunks[page.spans[at + PAGE_CHUNK]]
        .subarray(start, start + page.spans[at + PAGE_VALUE_LENGTH])
        .toString()
      if (!this.#canShow(value)) return { record: row, member: 'value', wanted: 'JSON' }
      this.values.push(value)
      this.places.push({ topic, partition: page.partition, offset: page.offsets[row] })
    }
    return undefined
  }

  settle(): void {
    return undefined
  }

  reset(): void {
    this.values.length = 0
    this.places.length = 0
  }
}

export interface PollOptions {
  readonly waitMs?: number
  readonly maxBytes?: number
  readonly signal?: AbortSignal
  readonly canShow?: (value: string) => boolean
  readonly access?: Principal['access']
  /** What becomes of the answer. */
  readonly fate?: 'sent' | 'lost' | 'open'
}

/** Nobody counts. */
export const waiting = (wait: () => Promise<void>): Promise<void> => wait()

/** One poll, whose answer the client takes unless said otherwise. */
export async function poll(
  consumers: Consumers,
  group: string,
  name: string,
  {
    waitMs = 3000,
    maxBytes = 2 ** 30,
    signal = new AbortController().signal,
    canShow,
    access,
    fate = 'sent'
  }: PollOptions = {}
): Promise<Collected & { readonly polled: Polled }> {
  const sink = new Collected(canShow)
  const request = { waitMs, maxBytes, signal, sink, waiting }
  const polled = await consumers.poll(callOf('alice', 8000, access), group, name, () => request)
  if (fate === 'sent') polled.sent()
  if (fate === 'lost') polled.lost()
  return Object.assign(sink, { polled })
}
