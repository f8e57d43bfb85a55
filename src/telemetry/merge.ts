import { type FamilySnapshot, labelText, type Merging, type Sample } from './registry.ts'

/** The metrics of one process, with the name of the worker. */
export interface ProcessMetrics {
  readonly worker: string
  readonly families: readonly FamilySnapshot[]
}

/** Merges the metrics of several processes into those of one instance. */
export function mergeMetrics(processes: readonly ProcessMetrics[]): FamilySnapshot[] {
  const families = new Map<string, { readonly head: FamilySnapshot; readonly samples: Map<string, Sample> }>()
  for (const { worker, families: own } of processes) {
    for (const head of own) {
      let known = families.get(head.name)
      if (known === undefined) families.set(head.name, (known = { head, samples: new Map() }))
      for (const sample of head.samples) {
        const named = head.merging === 'each' ? { ...sample, labels: { ...sample.labels, worker } } : sample
        const key = `${named.suffix}${labelText(named.labels)}${named.le ?? ''}`
        const before = known.samples.get(key)
        const value = before === undefined ? named.value : MERGE[head.merging](before.value, named.value)
        known.samples.set(key, { ...named, value })
      }
    }
  }
  return Array.from(families.values(), ({ head, samples }) => ({ ...head, samples: [...samples.values()] }))
}

/** Returns the counters and histograms of a process that has ended: without them the sums would fall, as after a restart. */
export function countedBy({ worker, families }: ProcessMetrics): ProcessMetrics {
  return { worker, families: families.filter(({ type }) => type !== 'gauge') }
}

const MERGE: Readonly<Record<Merging, (one: number, other: number) => number>> = {
  sum: (one, other) => one + other,
  least: Math.min,
  most: Math.max,
  each: (_, other) => other
}
