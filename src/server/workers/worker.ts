import cluster from 'node:cluster'
import closeWithGrace from 'close-with-grace'
import type { Config } from '../../config/schema.ts'
import type { Log, RequestLog } from '../../core/log.ts'
import { addReadings } from '../../telemetry/readings.ts'
import type { NamedTopics } from '../../telemetry/topic-counters.ts'
import { factsOf, type RunningManagement, type Watched } from '../management.ts'
import { closeAndLog, type RunningServer, startServer, type StartOptions } from '../start.ts'
import type { Message, Order } from './messages.ts'
import { shareOf } from './share.ts'

/** Ignored by workers: terminals and service managers signal the whole process group, and the parent passes them on. */
const PARENTS_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Resolves with the configuration, which the parent sends first. */
export const configFromParent = (): Promise<Config> =>
  new Promise(resolve => {
    process.once('message', (order: Order) => {
      if (order.kind === 'configuration') resolve(order.config)
    })
  })

/** Serves as one of several processes. Shuts down when the parent says so, or has ended. */
export async function runWorker(
  config: Config,
  log: Log & RequestLog,
  options: StartOptions,
  graceMs: number
): Promise<void> {
  let server: RunningServer | undefined
  for (const signal of PARENTS_SIGNALS) process.on(signal, () => undefined)
  const { close } = closeWithGrace({ delay: graceMs, skip: [...PARENTS_SIGNALS] }, async ({ err }) => {
    if (err !== undefined) log.error({ err }, 'The worker ends on an error that nobody caught')
    if (server !== undefined) await closeAndLog(server, {}, log)
  })
  const reports = new Reports()
  const obey = (order: Order): void => {
    if (order.kind === 'close') close()
    else if (order.kind === 'rules') server?.replaceRules(order.config.auth)
    else if (order.kind === 'drain') reports.drain(order.draining)
    else if (order.kind === 'logLevel') options.setLogLevel?.(order.level)
    else if (order.kind === 'topics') reports.nameTopics(order.named)
    else if (order.kind === 'report') reports.answer(order.id)
  }
  process.on('message', obey)
  cluster.worker?.once('disconnect', () => {
    // Without this, node:cluster kills the process together with its in-flight requests.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
    log.error({}, 'The parent process is gone: this worker ends')
    close()
  })
  server = await startServer(shareOf(config), log, {
    ...options,
    manage: (management, watched) => reports.open(management, watched)
  })
  tell({ kind: 'serving' })
}

/** Stands in for the management listener, which the parent has: answers the parent's questions. */
class Reports {
  #watched: Watched | undefined

  async open({ port }: NonNullable<Config['management']>, watched: Watched): Promise<RunningManagement> {
    const stop = addReadings(watched.metrics.registry, await factsOf(watched))
    this.#watched = watched
    watched.metrics.topics.agree(topic => tell({ kind: 'topic', topic }))
    return {
      port,
      certificates: () => [],
      close() {
        stop()
        return Promise.resolve()
      }
    }
  }

  drain(draining: boolean): void {
    this.#watched?.drain(draining)
  }

  nameTopics(named: NamedTopics): void {
    this.#watched?.metrics.topics.name(named)
  }

  answer(id: number): void {
    const watched = this.#watched
    if (watched === undefined) return
    const families = watched.metrics.registry.snapshot()
    const report = { ready: watched.ready(), started: watched.started(), families }
    tell({ kind: 'report', id, report })
  }
}

/** Does nothing if the parent has ended. */
function tell(message: Message): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
}
