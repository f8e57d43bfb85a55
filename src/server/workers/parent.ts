import type { Parts } from '../../api/management/route.ts'
import type { Config } from '../../config/schema.ts'
import type { Log, RequestLog } from '../../core/log.ts'
import { countReloads } from '../../telemetry/metrics.ts'
import { addCertificates, addProcess, addWorkers } from '../../telemetry/readings.ts'
import { expositionText, Registry } from '../../telemetry/registry.ts'
import { openManagement, type RunningManagement } from '../management.ts'
import { RulesReload } from '../rules-reload.ts'
import type { Closable, RunningServer, StartOptions } from '../start.ts'
import { WorkerPool } from './worker-pool.ts'

/**
 * Starts `config.workers` processes that share the port. Resolves when the first serves. Rejects if it cannot, or if the
 * management port is in use.
 */
export async function startWorkers(
  config: Config,
  log: Log & RequestLog,
  { setLogLevel = () => undefined, rulesSource }: Pick<StartOptions, 'setLogLevel' | 'rulesSource'>
): Promise<Closable & Pick<RunningServer, 'reloadRules'>> {
  let running = config
  const pool = new WorkerPool(() => running, log)
  const registry = new Registry()
  const managing =
    config.management && (await openFor(pool, registry, config.management, log, config.log.level, setLogLevel))
  try {
    await pool.start()
  } catch (error) {
    await managing?.close()
    throw error
  }
  const replace = (next: Config): void => {
    running = next
    pool.tell({ kind: 'rules', config: next })
  }
  const rules =
    rulesSource && new RulesReload(rulesSource, config, replace, log, { rulesReloaded: countReloads(registry) })
  // Not awaited: requests are served from now on, so SIGTERM must already shut down in order.
  void pool.startOthers().then(() => {
    const { workers } = config
    if (pool.complete) log.info({ workers }, 'All workers serve')
    else if (!pool.closing) log.warn({ workers }, 'Not all workers serve: the others are started again')
  })
  return {
    reloadRules: () => rules?.reload(),
    async close() {
      rules?.close()
      await pool.close()
      await managing?.close()
    }
  }
}

/** Opens the management listener, which answers for all workers. */
async function openFor(
  pool: WorkerPool,
  registry: Registry,
  management: NonNullable<Config['management']>,
  log: Log & RequestLog,
  logLevel: Config['log']['level'],
  setLogLevel: NonNullable<StartOptions['setLogLevel']>
): Promise<RunningManagement> {
  let opened: RunningManagement | undefined
  addProcess(registry)
  addWorkers(registry, () => pool.failures)
  addCertificates(registry, () => opened?.certificates() ?? [])
  registry.reading('kafka_rest_ready', '', 'gauge', () => [[{ part: 'workers' }, Number(pool.complete)]], 'least')
  opened = await openManagement(
    management,
    {
      async metrics(exposition) {
        const parent = { worker: 'parent', families: registry.snapshot() }
        return expositionText(await pool.metrics(parent), exposition)
      },
      ready: () => readiness(pool),
      async started() {
        const reports = await pool.reports()
        return reports.length === pool.size && reports.every(({ started }) => started)
      },
      logLevel,
      setLogLevel(level) {
        setLogLevel(level)
        pool.tell({ kind: 'logLevel', level })
      },
      drain: draining => pool.tell({ kind: 'drain', draining })
    },
    log
  )
  return opened
}

async function readiness(pool: WorkerPool): Promise<Parts> {
  const reports = await pool.reports()
  const parts: Record<string, boolean | string> = { workers: reports.length === pool.size, draining: !pool.closing }
  for (const { ready } of reports)
    for (const [part, well] of Object.entries(ready)) if ((parts[part] ?? true) === true) parts[part] = well
  return parts
}
