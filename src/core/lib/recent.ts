import { LRUCache } from 'lru-cache'

const one = () => 1

/**
 * Makes a cache of the `limit` entries that were used last. `ttl` is in milliseconds. Its memory grows with what it holds: a
 * cache with `max` takes that of `limit` entries at once, and there may be a cache of each kind for each caller. Two forms in
 * a process would cost more than either: V8 tells their arrays apart, and a look-up then takes 40 ns in place of 15.
 */
export function recent<K extends {}, V extends {}>(
  limit: number,
  options: Pick<LRUCache.Options<K, V, unknown>, 'ttl' | 'ttlResolution' | 'perf'> = {}
): LRUCache<K, V> {
  return new LRUCache<K, V>({ ...options, maxSize: limit, sizeCalculation: one })
}

/** What {@link recent} makes. */
export type Recent<K extends {}, V extends {}> = LRUCache<K, V>
