import type { Ledger, Entry } from './ledger.ts'
import type { StoredRecord } from './operator.ts'

export interface Findings {
  readonly acknowledged: number
  /** Records in the topic. */
  readonly found: number
  readonly refused: number
  readonly ambiguous: number
  readonly ambiguousFound: number
  /** Broken promises, in words; none when all is well. */
  readonly problems: readonly string[]
}

/** More of one kind say nothing new. */
const TOLD_OF_A_KIND = 5

/**
 * Compares what clients were told with what the topic holds: stored is there exactly once and where it was said to be,
 * not stored is not there, unknown is there at most once, nothing else is there; and order holds for each key of a writer
 * within a partition, also within one request, and for records of unknown fate that are there.
 */
export function check(ledger: Pick<Ledger, 'entries' | 'surprises'>, stored: readonly StoredRecord[]): Findings {
  const problems = new Problems()
  for (const surprise of ledger.surprises) problems.add('surprise', surprise)
  const places = new Map<string, StoredRecord[]>()
  for (const record of stored) {
    const known = places.get(record.value)
    if (known === undefined) places.set(record.value, [record])
    else known.push(record)
  }
  let ambiguousFound = 0
  const sent = new Set<string>()
  for (const entry of ledger.entries) {
    sent.add(entry.value)
    const found = places.get(entry.value) ?? []
    if (found.length > 1) problems.add('duplicate', `${entry.value} is there ${found.length} times: ${at(found)}`)
    if (entry.fate === 'stored') compare(entry, found, problems)
    else if (entry.fate === 'unknown') ambiguousFound += Math.min(found.length, 1)
    else if (found.length > 0)
      problems.add('refused', `${entry.value} was answered as not stored, but is at ${at(found)}`)
  }
  for (const [value, found] of places)
    if (!sent.has(value)) problems.add('stranger', `${value} at ${at(found)} was never sent`)
  checkOrder(ledger.entries, places, problems)
  const count = (fate: Entry['fate']) => ledger.entries.filter(entry => entry.fate === fate).length
  return {
    acknowledged: count('stored'),
    found: stored.length,
    refused: count('no'),
    ambiguous: count('unknown'),
    ambiguousFound,
    problems: problems.all
  }
}

/** A reader that follows NextOffset saw every record of a partition once and in order. */
export function checkReader(
  partition: number,
  seen: readonly { readonly offset: number; readonly value: string }[],
  stored: readonly StoredRecord[]
): readonly string[] {
  const problems = new Problems()
  const expected = stored.filter(record => record.partition === partition)
  if (seen.length !== expected.length) {
    problems.add('count', `the reader of partition ${partition} saw ${seen.length} records of ${expected.length}`)
  }
  for (const [index, { offset, value }] of seen.entries()) {
    const record = expected[index]
    if (record?.offset !== offset || record.value !== value) {
      problems.add(
        'read',
        `record ${index} of partition ${partition}: read ${value} at ${offset}, stored ${at(record === undefined ? [] : [record])}`
      )
    }
  }
  return problems.all
}

function compare(entry: Entry, found: readonly StoredRecord[], problems: Problems): void {
  const { value, key, partition, offset } = entry
  if (found.length === 0)
    problems.add('lost', `${value} was answered as stored at ${partition}/${offset}, but is not there`)
  else if (found.every(record => record.partition !== partition || record.offset !== offset)) {
    problems.add('misplaced', `${value} was answered as stored at ${partition}/${offset}, but is at ${at(found)}`)
  }
  if (found.some(record => record.key !== key)) problems.add('key', `${value} was sent with key ${key}`)
}

/** Entries of a writer come in the order in which it sent them. */
function checkOrder(
  entries: readonly Entry[],
  places: ReadonlyMap<string, readonly StoredRecord[]>,
  problems: Problems
): void {
  const last = new Map<string, Pick<Entry, 'value' | 'offset'>>()
  for (const entry of entries) {
    const place = entry.fate === 'stored' ? entry : entry.fate === 'unknown' ? places.get(entry.value)?.[0] : undefined
    if (place === undefined) continue
    const { writer, request, key, value } = entry
    const { partition, offset } = place
    // Keyless records keep their order within a request only: the next request may be sent anywhere.
    const line = key === null ? `${writer}/${partition}/${request}` : `${writer}/${partition}/${key}`
    const before = last.get(line)
    if (before !== undefined && before.offset >= offset) {
      problems.add('order', `${value} at ${partition}/${offset} was sent after ${before.value} at ${before.offset}`)
    }
    last.set(line, { value, offset })
  }
}

function at(records: readonly StoredRecord[]): string {
  return records.map(({ partition, offset }) => `${partition}/${offset}`).join(', ') || 'no place'
}

class Problems {
  readonly #told = new Map<string, string[]>()
  readonly #more = new Map<string, number>()

  add(kind: string, text: string): void {
    const told = this.#told.get(kind) ?? []
    this.#told.set(kind, told)
    if (told.length < TOLD_OF_A_KIND) told.push(`${kind}: ${text}`)
    else this.#more.set(kind, (this.#more.get(kind) ?? 0) + 1)
  }

  get all(): string[] {
    return [...[...this.#told.values()].flat(), ...Array.from(this.#more, ([kind, count]) => `${kind}: ${count} more`)]
  }
}
