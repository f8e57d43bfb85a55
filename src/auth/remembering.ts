import { type Recent, recent } from '../core/lib/recent.ts'

/** Makes a cache of at most `limit` entries, on a monotonic clock. Evicts the least recently used. */
export function remembering<V extends object>(limit: number, now: () => number): Recent<string, V> {
  // Resolution 0 reads the clock each time. By default lru-cache sets a timer in each millisecond of use.
  return recent(limit, { ttl: 1, ttlResolution: 0, perf: { now } })
}

/** Keeps an entry for `durationMs`. Not if that is 0 or less, which lru-cache would take for unlimited. */
export function remember<V extends object>(cache: Recent<string, V>, key: string, value: V, durationMs: number): void {
  if (durationMs > 0) cache.set(key, value, { ttl: durationMs })
  else cache.delete(key)
}
