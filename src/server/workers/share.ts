import type { Config, QuotaConfig } from '../../config/schema.ts'

/**
 * Returns the configuration of one of `config.workers` processes. Limits for all callers together are divided, so that their
 * sum is what was configured. Limits for one caller or one address are not: a caller with one connection has one worker.
 */
export function shareOf(config: Config): Config {
  const { limits, quotas, workers } = config
  const part = (whole: number) => Math.max(1, Math.floor(whole / workers))
  return {
    ...config,
    limits: {
      ...limits,
      inFlightBytes: part(limits.inFlightBytes),
      connections: part(limits.connections),
      streams: part(limits.streams)
    },
    quotas: { ...quotas, ...(quotas.listener && { listener: shareOfQuota(quotas.listener, part) }) }
  }
}

function shareOfQuota(quota: QuotaConfig, part: (whole: number) => number): QuotaConfig {
  const { burstSeconds, ...rates } = quota
  const shares = Object.entries(rates).map(([name, rate]) => [name, rate === undefined ? undefined : part(rate)])
  return { burstSeconds, ...Object.fromEntries(shares) }
}
