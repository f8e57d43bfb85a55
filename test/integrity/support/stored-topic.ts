import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../src/core/deadline.ts'
import { KEY_LENGTH, PARTITION, SPAN_STRIDE, VALUE_LENGTH, VALUE_START } from '../../../src/core/record-table.ts'
import type { Cluster } from '../../../src/kafka/cluster.ts'

export interface StoredTopicOptions {
  readonly topic: string
  /** How often a topic of this name has been made. */
  readonly life?: number
  readonly partitions: number
  /** Of a batch. */
  readonly records: number
  /** Between two batches. */
  readonly pauseMs: number
}

const LIMIT_MS = 60_000

/**
 * A topic that is written to, each partition in turn. The value of a record says which life of the topic it is from, and which
 * record of its partition it is: its offset, unless a batch before it was lost.
 */
export class StoredTopic {
  readonly topic: string
  readonly life: number
  partitions: number
  readonly #cluster: Cluster
  readonly #options: StoredTopicOptions
  readonly #sent: number[] = []
  /** Of each partition: offset after a batch, and when that had been stored. */
  readonly #stored: { readonly end: number; readonly atMs: number }[][] = []
  readonly #stopped = new AbortController()
  #running = Promise.resolve()
  /** Batches of which it is not known whether they are stored. */
  unknown = 0

  constructor(cluster: Cluster, options: StoredTopicOptions) {
    this.topic = options.topic
    this.life = options.life ?? 1
    this.partitions = options.partitions
    this.#cluster = cluster
    this.#options = options
  }

  /** Begins to write, and goes on until it is stopped. */
  write(): this {
    this.#running = this.#write()
    return this
  }

  /** By partition: offset after the last record. */
  get ends(): number[] {
    return Array.from({ length: this.partitions }, (_, partition) => this.end(partition))
  }

  end(partition: number): number {
    return this.#stored[partition]?.at(-1)?.end ?? 0
  }

  /** When the record at an offset had been stored. */
  storedMs(partition: number, offset: number): number {
    const batches = this.#stored[partition] ?? []
    let [low, high] = [0, batches.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (batches[middle].end > offset) high = middle
      else low = middle + 1
    }
    return batches[low]?.atMs ?? Infinity
  }

  /** Resolves when all that was sent is stored, and it is known how much that is. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#running
    if (this.unknown === 0) return
    const from = new Map(Array.from({ length: this.partitions }, (_, partition) => [partition, 'latest' as const]))
    const ends = await this.#cluster.reads.starts(this.topic, from, 'committed', Deadline.after(LIMIT_MS))
    for (const [partition, end] of ends) this.#stored[partition].push({ end, atMs: performance.now() })
  }

  async #write(): Promise<void> {
    const { pauseMs } = this.#options
    while (!this.#stopped.signal.aborted) {
      for (let partition = 0; partition < this.partitions; partition++) await this.#store(partition)
      await sleep(pauseMs, null, { signal: this.#stopped.signal }).catch(() => undefined)
    }
  }

  async #store(partition: number): Promise<void> {
    const { metadata, accumulator } = this.#cluster
    const { records: count } = this.#options
    const stored = (this.#stored[partition] ??= [])
    const first = this.#sent[partition] ?? 0
    this.#sent[partition] = first + count
    try {
      const deadline = Deadline.after(LIMIT_MS)
      const known = metadata.peek(this.topic)
      const isKnown = known?.partitions[partition] !== undefined
      const topic = isKnown ? known : await metadata.refresh(this.topic, deadline)
      if (topic?.partitions[partition] === undefined) throw new Error(`There is no partition ${partition}`)
      const values = Array.from({ length: count }, (_, at) => JSON.stringify(`${this.life}:${first + at}`))
      const { failures } = await accumulator.submit(topic, tableOf(partition, values), deadline, () => undefined)
      if (failures !== undefined) throw new Error('Not stored')
      // Where a batch was lost the next one tells no offset: what is stored is asked for in the end.
      if (this.unknown === 0) stored.push({ end: first + count, atMs: performance.now() })
    } catch {
      this.unknown++
      await sleep(100)
    }
  }
}

function tableOf(partition: number, values: readonly string[]) {
  const spans = new Int32Array(values.length * SPAN_STRIDE)
  let at = 0
  values.forEach((value, row) => {
    spans[row * SPAN_STRIDE + KEY_LENGTH] = -1
    spans[row * SPAN_STRIDE + VALUE_START] = at
    spans[row * SPAN_STRIDE + VALUE_LENGTH] = value.length
    spans[row * SPAN_STRIDE + PARTITION] = partition
    at += value.length
  })
  return { bytes: Buffer.from(values.join('')), count: values.length, spans }
}
