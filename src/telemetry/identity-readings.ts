import type { Registry } from './registry.ts'

/** Sum and largest of something that identities have. */
interface Spread {
  readonly sum: number
  readonly largest: number
}

interface MeasuredIdentity {
  readonly cluster: { readonly connections: number; readonly reads: { readonly keptBytes: number } }
}

/** What the metrics of identities in Kafka are read from. None is named: there may be many, and they are people. */
export interface IdentityFacts {
  readonly pool: { readonly size: number; spread(of: (identity: MeasuredIdentity) => number): Spread }
  readonly attempts: () => { readonly accepted: number; readonly refused: number; readonly unavailable: number }
}

const PREFIX = 'kafka_rest_'

export function addIdentities(registry: Registry, { pool, attempts }: IdentityFacts): void {
  const spread = (name: string, help: string, of: (identity: MeasuredIdentity) => number) =>
    registry.reading(PREFIX + name, help, 'gauge', () => {
      const { sum, largest } = pool.spread(of)
      return [
        [{ of: 'all' }, sum],
        [{ of: 'largest' }, largest]
      ]
    })
  registry.reading(
    `${PREFIX}identities`,
    'Identities of callers in Kafka that this process has, those included that are being let go.',
    'gauge',
    () => [[{}, pool.size]]
  )
  spread(
    'identity_connections',
    'Connections to brokers as callers: of all identities, and of the one that has most.',
    ({ cluster }) => cluster.connections
  )
  spread(
    'identity_kept_bytes',
    'Batches kept for callers: of all identities, and of the one that has most.',
    ({ cluster }) => cluster.reads.keptBytes
  )
  registry.reading(
    `${PREFIX}identity_attempts_total`,
    'Credentials of callers shown to Kafka, by what came of it.',
    'counter',
    () => Object.entries(attempts()).map(([result, count]) => [{ result }, count])
  )
}
