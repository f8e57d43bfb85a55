import { secretsOf } from '../../config/describe.ts'
import { proxyEnvironment } from '../../config/environment.ts'
import type { Config } from '../../config/schema.ts'
import type { Log } from '../../core/log.ts'
import { tryIdentity } from './identity.ts'
import { tryKafka } from './kafka.ts'
import { Report } from './report.ts'

/** What the parts of the gateway would log is told in the report. */
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * Tries the cluster and the providers of a configuration, in the order in which the gateway connects, and writes a line for
 * each step. No step takes longer than the time limit that the configuration gives it.
 */
export const tryConnections = async (config: Config, write: (text: string) => void): Promise<Report> => {
  const report = new Report(write, secretsOf(config))
  await tryKafka(config.kafka, report, silent)
  await tryIdentity(config.auth, report, silent, proxyEnvironment())
  return report
}
