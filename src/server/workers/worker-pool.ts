import cluster, { type Worker } from 'node:cluster'
import { workerEnvironment } from '../../config/environment.ts'
import type { Config } from '../../config/schema.ts'
import type { Log } from '../../core/log.ts'
import { countedBy, mergeMetrics, type ProcessMetrics } from '../../telemetry/merge.ts'
import type { FamilySnapshot } from '../../telemetry/registry.ts'
import { TopicNames } from '../../telemetry/topic-counters.ts'
import { closeLostConnections } from './lost-connections.ts'
import type { Message, Order, Report } from './messages.ts'
import { WorkerFailure } from './worker-failure.ts'

const REPORT_TIMEOUT_MS = 2000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000
/** A worker that served for this long died of something else than its start: the back-off begins anew. */
const STEADY_MS = 60_000

interface Member {
  readonly name: string
  readonly worker: Worker
  readonly ended: Promise<number>
  serving: boolean
  /** Metrics of its last report. */
  metrics: readonly FamilySnapshot[]
}

/** One request for reports, sent to all serving workers. */
interface Question {
  readonly reports: Map<Member, Report>
  /** Workers that have not answered yet. */
  readonly open: Set<Member>
  readonly answered: () => void
}

/** Starts, replaces, asks and stops the worker processes. Lives in the parent. */
export class WorkerPool {
  readonly #size: number
  readonly #log: Log
  readonly #config: () => Config
  readonly #fork: (name: string) => Worker
  readonly #topics: TopicNames
  readonly #members = new Map<string, Member>()
  readonly #questions = new Map<number, Question>()
  /** The counters of workers that have ended. */
  #gone: ProcessMetrics = { worker: '', families: [] }
  #level: Extract<Order, { kind: 'logLevel' }> | undefined
  #drain: Extract<Order, { kind: 'drain' }> | undefined
  #asked = 0
  #closing = false
  #died = 0
  #notStarted = 0

  /** `config` returns the configuration in force, which new workers get. */
  constructor(config: () => Config, log: Log, fork = forkWorker) {
    const { workers, metrics } = config()
    this.#topics = new TopicNames(metrics.topics)
    this.#size = workers
    this.#log = log
    this.#config = config
    this.#fork = fork
    // The default, JSON, turns Infinity into null.
    cluster.setupPrimary({ serialization: 'advanced' })
    process.on('exit', () => this.#killAll())
  }

  /**
   * Starts the first worker alone, so that only one reports a fault that all would have. Resolves when it serves. Rejects with
   * a {@link WorkerFailure} if it cannot start.
   */
  async start(): Promise<void> {
    this.#replaceWhenGone(await this.#launch('1'), FIRST_PAUSE_MS)
  }

  /** Starts the others. Resolves when each serves or has failed once; those that failed are started again later. */
  async startOthers(): Promise<void> {
    await Promise.all(Array.from({ length: this.#size - 1 }, (_, at) => this.#start(String(at + 2), FIRST_PAUSE_MS)))
  }

  get size(): number {
    return this.#size
  }

  /** Whether all workers serve. */
  get complete(): boolean {
    return [...this.#members.values()].filter(({ serving }) => serving).length === this.#size
  }

  /** Number of workers that died while serving, and of failed starts. */
  get failures(): { readonly died: number; readonly notStarted: number } {
    return { died: this.#died, notStarted: this.#notStarted }
  }

  get closing(): boolean {
    return this.#closing
  }

  /** Sends an order to all serving workers. Workers started later get the last log level and drain order. */
  tell(order: Order): void {
    if (order.kind === 'logLevel') this.#level = order
    if (order.kind === 'drain') this.#drain = order
    for (const member of this.#members.values()) if (member.serving) send(member, order)
  }

  /** Asks all serving workers for reports. Leaves out those that die meanwhile or do not answer in time. */
  async reports(): Promise<readonly Report[]> {
    const id = this.#asked++
    const open = new Set([...this.#members.values()].filter(({ serving }) => serving))
    const { promise, resolve: answered } = Promise.withResolvers<void>()
    const question: Question = { reports: new Map(), open, answered }
    this.#questions.set(id, question)
    const timer = setTimeout(answered, REPORT_TIMEOUT_MS)
    for (const member of open) send(member, { kind: 'report', id })
    if (open.size === 0) answered()
    await promise
    clearTimeout(timer)
    this.#questions.delete(id)
    return [...question.reports.values()]
  }

  /** Returns the merged metrics of all workers, including those that have ended, and of the parent. */
  async metrics(parent: ProcessMetrics): Promise<FamilySnapshot[]> {
    await this.reports()
    const living = Array.from(this.#members.values(), ({ name, metrics }) => ({ worker: name, families: metrics }))
    return mergeMetrics([...living, this.#gone, parent])
  }

  /** Stops all workers in order. Kills those still starting. Rejects if one fails to stop. */
  async close(): Promise<void> {
    this.#closing = true
    const members = [...this.#members.values()]
    for (const member of members) {
      if (member.serving) send(member, { kind: 'close' })
      else member.worker.process.kill('SIGKILL')
    }
    const served = members.filter(({ serving }) => serving)
    const statuses = await Promise.all(served.map(({ ended }) => ended))
    const failed = statuses.filter(status => status !== 0).length
    if (failed > 0) throw new Error(`${failed} of ${served.length} workers did not end in order`)
  }

  /** Starts a worker, and retries with back-off if that fails. Resolves after the first attempt. */
  async #start(name: string, pauseMs: number): Promise<Member | undefined> {
    try {
      const member = await this.#launch(name)
      this.#replaceWhenGone(member, pauseMs)
      return member
    } catch (err) {
      if (this.#closing) return undefined
      this.#notStarted++
      this.#log.error({ cause: String(err), worker: name, pauseMs }, 'A WORKER CANNOT START: it is tried again')
      this.#startAfter(name, pauseMs)
      return undefined
    }
  }

  #startAfter(name: string, pauseMs: number): void {
    setTimeout(() => {
      if (!this.#closing) void this.#startAgain(name, Math.min(pauseMs * 2, LONGEST_PAUSE_MS))
    }, pauseMs)
  }

  async #startAgain(name: string, pauseMs: number): Promise<void> {
    const member = await this.#start(name, pauseMs)
    if (member !== undefined) this.#log.info({ worker: name, pid: member.worker.process.pid }, 'A worker was replaced')
  }

  /** Forks a worker. Resolves when it serves. */
  async #launch(name: string): Promise<Member> {
    const worker = this.#fork(name)
    const { promise, resolve, reject } = Promise.withResolvers<Member>()
    const ended = new Promise<number>(end => {
      worker.once('exit', (code: number | null, signal: string | null) => {
        this.#forget(member)
        end(code ?? 1)
        reject(code === null ? new Error(`A worker was ended by ${signal} while it started.`) : new WorkerFailure(code))
      })
    })
    const member: Member = { name, worker, ended, serving: false, metrics: [] }
    this.#members.set(name, member)
    worker.on('error', err => {
      if (worker.process.pid !== undefined) {
        this.#log.error({ cause: String(err), worker: name }, 'A message to a worker could not be sent')
        return
      }
      // Without a process there is no exit event, and node:cluster would keep the worker for ever.
      this.#forget(member)
      delete cluster.workers?.[worker.id]
      reject(err)
    })
    worker.on('message', (message: Message) => this.#hear(member, message, resolve))
    send(member, { kind: 'configuration', config: this.#config() })
    return promise
  }

  #hear(member: Member, message: Message, serves: (member: Member) => void): void {
    if (message.kind === 'report') {
      member.metrics = message.report.families
      const question = this.#questions.get(message.id)
      question?.reports.set(member, message.report)
      if (question !== undefined) settle(question, member)
      return
    }
    if (message.kind === 'topic') {
      send(member, { kind: 'topics', named: this.#topics.ask(message.topic) })
      return
    }
    member.serving = true
    if (this.#level !== undefined) send(member, this.#level)
    if (this.#drain !== undefined) send(member, this.#drain)
    // The rules may have changed while the worker started.
    send(member, { kind: 'rules', config: this.#config() })
    serves(member)
  }

  #forget(member: Member): void {
    if (this.#members.get(member.name) === member) this.#members.delete(member.name)
    for (const question of this.#questions.values()) settle(question, member)
    const families = mergeMetrics([this.#gone, countedBy({ worker: member.name, families: member.metrics })])
    this.#gone = { worker: '', families }
  }

  #replaceWhenGone({ name, worker, ended }: Member, pauseMs: number): void {
    const sinceMs = performance.now()
    void ended.then(status => {
      if (this.#closing) return
      this.#died++
      const nextPauseMs = performance.now() - sinceMs > STEADY_MS ? FIRST_PAUSE_MS : pauseMs
      const { pid, signalCode: signal } = worker.process
      this.#log.error({ worker: name, pid, status, signal, pauseMs: nextPauseMs }, 'A WORKER HAS DIED: another follows')
      this.#startAfter(name, nextPauseMs)
    })
  }

  #killAll(): void {
    for (const { worker } of this.#members.values()) worker.process.kill('SIGKILL')
  }
}

function forkWorker(name: string): Worker {
  const worker = cluster.fork(workerEnvironment(name))
  closeLostConnections(worker)
  return worker
}

function settle({ open, answered }: Question, member: Member): void {
  open.delete(member)
  if (open.size === 0) answered()
}

/** Does nothing if the worker has ended. */
function send({ worker }: Member, order: Order): void {
  if (worker.isConnected()) worker.send(order, () => undefined)
}
