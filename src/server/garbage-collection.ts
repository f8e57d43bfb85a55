import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** The last major version of Node that is known to have the flags. Node reports an unknown flag on stderr. */
const KNOWN_UP_TO = 26
/** Size limit of the young generation, both halves. */
const YOUNG_BYTES = 32 * 1024 * 1024

/**
 * Tunes V8's garbage collector for requests that live for milliseconds and carry buffers:
 *
 * - Buffers count towards the heap's limit, which grows with what is in use. By default V8 collects the whole heap for each
 *   64 MB of buffers, however short-lived: twelve times a second at 250 MB/s from Kafka, 40 % of the CPU time of a read.
 * - The heap grows by half. V8's own factor of up to four left 980 MB resident after random reads, this leaves 500.
 * - The young generation grows to 32 MB instead of 128 MB. Nearly nothing survives a request, so more space gains nothing
 *   (190 instead of 360 MB resident with single records).
 * - No object starts in the old generation (pretenuring). V8 does that for allocation sites whose objects survived, as those
 *   of in-flight requests do while the young generation is small. They then keep all that their request allocated until the
 *   next full collection. One process in five stayed in that state: a single record cost 31 instead of 17 µs.
 */
export function tuneGarbageCollection(): void {
  if (Number.parseInt(process.versions.node) > KNOWN_UP_TO) return
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  setFlagsFromString('--heap-growing-percent=50')
  setFlagsFromString('--no-allocation-site-pretenuring')
  limitYoungGeneration()
}

/**
 * Limits the young generation by its growth factor: V8 reads that flag each time, and the one for the size only at the start.
 * Growth is allowed again below the limit, because V8 shrinks an idle process to 1 MB: with 200 callers after that, a request
 * cost twice as much (70 instead of 34 µs).
 *
 * A collection is observed a turn of the event loop later. Where survivors fill the young generation, a second one comes before,
 * and it may grow once too often, to 64 MB.
 */
function limitYoungGeneration(): void {
  let growing = true
  const adjust = () => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
    const below = (young?.space_size ?? 0) < YOUNG_BYTES
    if (below === growing) return
    growing = below
    setFlagsFromString(`--semi-space-growth-factor=${growing ? 2 : 1}`)
  }
  adjust()
  new PerformanceObserver(adjust).observe({ entryTypes: ['gc'] })
}
