import { createHash } from 'node:crypto'
import type { Committed } from '../../kafka/groups/offset-messages.ts'

/** Up to where an instance has delivered a partition. */
export interface Delivered {
  /** {@link instanceKey} of the instance that did. */
  readonly instance: string
  /** Of the group, at the time. */
  readonly generation: number
  /** Of the instance's settings, at the time. */
  readonly version: number
  /** Offset of the next record. */
  readonly to: number
  /** Where its last batch begins, while it is not known whether the client got that; null when it has. */
  readonly openFrom: number | null
  /** Whether the instance commits by itself what it has delivered. */
  readonly autoCommit: boolean
}

/** What the gateway keeps of a partition in the group, beside the commit. */
export interface PositionEntry {
  /** {@link topicKey} of the topic that the offsets belong to; empty if the cluster has no topic ids. */
  readonly topic: string
  /** Where `auto.offset.reset` said to begin; null once something is committed. */
  readonly start: number | null
  /** When it was written, in hours since 1970: see `HeldPartition`. */
  readonly hour: number
  readonly delivered: Delivered | null
}

export interface CommitMetadata {
  /** The client's own. */
  readonly metadata: string
  readonly entry: PositionEntry | null
}

/** Longest text of an entry, in characters. */
export const ENTRY_CHARACTERS = 256
/** Kafka's default of `offset.metadata.max.bytes`, which counts characters. */
export const METADATA_CHARACTERS = 4096

/** Begins an entry. No entry holds it, so the last one in a text is where the client's part ends. */
const MARK = '\u001Fkrp1|'
/** Some clients read the text past its end (librdkafka). */
const END = '\u0000'
const NUMBER = /^(?:0|[1-9]\d{0,15})$/
const AUTO_COMMIT = 'a'
const KEY_BYTES = 12
const KEY = /^[\w-]{0,22}$/

/** A short name for an instance that no other one in its group has, nor one that had its name before. */
export function instanceKey(name: string, born: string): string {
  return createHash('sha256').update(`${name}\n${born}`).digest().toString('base64url', 0, KEY_BYTES)
}

export function topicKey(topicId: Buffer | null): string {
  return topicId === null ? '' : topicId.toString('base64url')
}

/** Returns the text for the metadata of a commit. */
export function writeMetadata({ metadata, entry }: CommitMetadata): string {
  if (entry === null) return metadata
  const { topic, start, hour, delivered } = entry
  const { instance = '', generation = '', version = '', to = '', openFrom = null, autoCommit = false } = delivered ?? {}
  const commits = autoCommit ? AUTO_COMMIT : ''
  const fields = [topic, start ?? '', hour, instance, generation, version, to, openFrom ?? '', commits]
  return `${metadata}${MARK}${fields.join('|')}${END}`
}

/** Takes the text apart. A text that {@link writeMetadata} did not write is the client's as a whole. */
export function readMetadata(text: string): CommitMetadata {
  const at = text.lastIndexOf(MARK)
  if (at < 0 || !text.endsWith(END)) return { metadata: text, entry: null }
  const entry = readEntry(text.slice(at + MARK.length, -END.length).split('|'))
  return entry === null ? { metadata: text, entry: null } : { metadata: text.slice(0, at), entry }
}

/** Returns the entry of what a group has of a partition: null if it has none, or does not tell. */
export function entryOf(told: Committed | number | undefined): PositionEntry | null {
  return typeof told === 'object' ? readMetadata(told.metadata).entry : null
}

/** Whether the client's part leaves room for the longest entry. */
export function fits(metadata: string): boolean {
  return metadata.length <= METADATA_CHARACTERS - ENTRY_CHARACTERS
}

function readEntry(fields: readonly string[]): PositionEntry | null {
  if (fields.length !== 9) return null
  const [topic, start, hour, instance, generation, version, to, openFrom, commits] = fields
  if (!KEY.test(topic) || !KEY.test(instance) || !isNumberOrNone(start) || !isNumberOrNone(openFrom)) return null
  if (!NUMBER.test(hour)) return null
  if (instance === '') {
    if (generation !== '' || version !== '' || to !== '' || openFrom !== '' || commits !== '') return null
    return { topic, start: numberOf(start), hour: Number(hour), delivered: null }
  }
  if (![generation, version, to].every(field => NUMBER.test(field))) return null
  if (commits !== '' && commits !== AUTO_COMMIT) return null
  const delivered = {
    instance,
    generation: Number(generation),
    version: Number(version),
    to: Number(to),
    openFrom: numberOf(openFrom),
    autoCommit: commits === AUTO_COMMIT
  }
  return { topic, start: numberOf(start), hour: Number(hour), delivered }
}

function isNumberOrNone(field: string): boolean {
  return field === '' || NUMBER.test(field)
}

function numberOf(field: string): number | null {
  return field === '' ? null : Number(field)
}
