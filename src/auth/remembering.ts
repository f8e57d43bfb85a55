import { LRUCache } from 'lru-cache'

/** Makes a cache of at most `limit` entries, on a clock that nobody can set. The least recently used makes room. */
export function remembering<V extends object>(limit: number, now: () => number): LRUCache<string, V> {
  // Read at each look: by default lru-cache sets a timer for each millisecond in which it is used.
  return new LRUCache({ max: limit, ttl: 1, ttlResolution: 0, perf: { now } })
}

/** Keeps an entry for `durationMs`; not at all if that is over, which lru-cache would take for ever. */
export function remember<V extends object>(
  cache: LRUCache<string, V>,
  key: string,
  value: V,
  durationMs: number
): void {
  if (durationMs > 0) cache.set(key, value, { ttl: durationMs })
  else cache.delete(key)
}
