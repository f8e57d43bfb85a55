import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { shareOf } from '../../src/server/workers/share.ts'

test("a worker has its share of what limits all callers together, and the whole of one caller's quota", () => {
  const { config } = loadConfig({
    env: {},
    flags: {
      listen: { tls: 'none' },
      kafka: { bootstrapServers: ['localhost:9092'] },
      auth: { mode: 'none' },
      limits: { inFlightBytes: 4_000_000, connections: 3 },
      quotas: {
        principal: { requestsPerSecond: 100 },
        listener: { requestsPerSecond: 1000, concurrentRequests: 2, burstSeconds: 7 },
        connectionsPerAddress: 10
      },
      workers: 4
    }
  })
  const { limits, quotas, ...others } = shareOf(config)
  assert.deepEqual([limits.inFlightBytes, limits.connections], [1_000_000, 1])
  assert.deepEqual(quotas.listener, { requestsPerSecond: 250, concurrentRequests: 1, burstSeconds: 7 })
  assert.deepEqual(quotas.principal, config.quotas.principal)
  assert.equal(quotas.connectionsPerAddress, 10)
  assert.deepEqual({ ...others, limits: config.limits, quotas: config.quotas }, config)
})
