import { Worker } from 'node:worker_threads'
import { GatewayError } from '../core/errors.ts'
import { type DerivationJob, DERIVES, workerFile } from './derivation-worker.ts'

interface Waiting extends DerivationJob {
  resolve(derived: Uint8Array): void
  reject(error: Error): void
}

/** Those of one address that may wait. */
const MOST_PER_ADDRESS = 4

/**
 * Derives the hashes of passwords, one at a time, in a thread of its own: neither the event loop nor libuv's pool, which
 * resolves the names of brokers, is held up by them. Addresses take turns.
 */
export class Derivations {
  readonly #most: number
  /** Jobs that wait, by address; the address whose turn it is stands first. */
  readonly #waiting = new Map<string, Waiting[]>()
  #count = 0
  #worker: Worker | undefined
  #current: Waiting | undefined
  #isClosed = false

  constructor(most: number) {
    this.#most = most
  }

  /** Rejects with OVERLOADED if too many wait, in all or from this address. */
  derive(job: DerivationJob, address: string): Promise<Uint8Array> {
    const own = this.#waiting.get(address) ?? []
    if (this.#isClosed || this.#count >= this.#most || own.length >= MOST_PER_ADDRESS)
      return Promise.reject(overloaded())
    return new Promise((resolve, reject) => {
      own.push({ ...job, resolve, reject })
      this.#waiting.set(address, own)
      this.#count++
      this.#next()
    })
  }

  close(): void {
    this.#isClosed = true
    const worker = this.#worker
    this.#lose()
    void worker?.terminate()
  }

  #next(): void {
    if (this.#current !== undefined) return
    const job = this.#take()
    if (job === undefined) return
    this.#current = job
    this.#worker ??= this.#start()
    const { hash, password } = job
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    this.#worker.postMessage({ hash, password } satisfies DerivationJob)
  }

  #take(): Waiting | undefined {
    for (const [address, jobs] of this.#waiting) {
      this.#waiting.delete(address)
      const job = jobs.shift()
      if (jobs.length > 0) this.#waiting.set(address, jobs)
      this.#count--
      return job
    }
    return undefined
  }

  #start(): Worker {
    const worker = new Worker(workerFile, { workerData: DERIVES })
    worker.unref()
    worker.on('message', (derived: Uint8Array | null) => {
      const job = this.#current
      this.#current = undefined
      if (derived === null) job?.reject(overloaded())
      else job?.resolve(derived)
      this.#next()
    })
    const lost = () => {
      if (this.#worker === worker) this.#lose()
    }
    worker.on('error', lost)
    worker.on('exit', lost)
    return worker
  }

  /** The thread is gone: whoever waits is told to come again, and the next one starts another. */
  #lose(): void {
    const jobs = [...(this.#current === undefined ? [] : [this.#current]), ...[...this.#waiting.values()].flat()]
    this.#worker = undefined
    this.#current = undefined
    this.#waiting.clear()
    this.#count = 0
    for (const job of jobs) job.reject(overloaded())
  }
}

function overloaded(): GatewayError {
  return new GatewayError('OVERLOADED', 'Too many passwords wait to be verified.')
}
