import type { TopicSpec } from '../../core/topic-spec.ts'
import { INT32_LIMIT, PROPERTIES_LIMIT, PROPERTY_LIMIT_BYTES, REPLICAS_LIMIT } from '../../http/limits.ts'
import { bodyCursor } from '../shared/records/body-cursor.ts'
import { invalid, type Place } from '../shared/records/body-error.ts'
import type { JsonCursor } from '../shared/records/json-cursor.ts'
import { decodeText, NOT_BASE64 } from '../shared/records/json-text.ts'
import { readInteger, memberNames, readMember, readNull } from '../shared/records/members.ts'

const NAMES = memberNames('partition_count', 'replication_factor', 'topic_properties')
const NAMES_OF_PROPERTIES = 'names'
const BODY: Place = { path: () => 'The body' }
const PROPERTIES: Place = { path: () => 'topic_properties' }
const PARTITION_COUNT = 0
const REPLICATION_FACTOR = 1
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const COLON = 0x3a
const QUOTE = 0x22

/**
 * Reads the body of a create request; an empty one means the cluster's defaults. Property values are strings, numbers and
 * booleans; a number keeps its JSON text. Throws MALFORMED_JSON and INVALID_BODY.
 */
export function parseTopicBody(body: Buffer, limits: { readonly jsonDepth: number }): TopicSpec {
  const spec: { -readonly [member in keyof TopicSpec]: TopicSpec[member] } = {
    partitionCount: null,
    replicationFactor: null,
    properties: new Map()
  }
  if (body.length === 0) return spec
  const cursor = bodyCursor(body, limits.jsonDepth)
  if (cursor.peek() !== OPEN_BRACE) {
    cursor.skipValue(0)
    throw invalid('The body must be an object.')
  }
  let seen = 0
  let more = cursor.enter(OPEN_BRACE, CLOSE_BRACE)
  while (more) {
    const member = readMember(cursor, NAMES, seen, BODY)
    seen |= 1 << member
    if (!readNull(cursor)) {
      if (member === PARTITION_COUNT) spec.partitionCount = readCount(cursor, 'partition_count', INT32_LIMIT)
      else if (member === REPLICATION_FACTOR)
        spec.replicationFactor = readCount(cursor, 'replication_factor', REPLICAS_LIMIT)
      else spec.properties = readProperties(cursor)
    }
    more = cursor.next(CLOSE_BRACE)
  }
  cursor.end()
  return spec
}

function readCount(cursor: JsonCursor, member: string, max: number): number {
  return readInteger(cursor, 1, max, () => invalid(`${member} must be a whole number from 1 to ${max}.`))
}

function readProperties(cursor: JsonCursor): Map<string, string> {
  if (cursor.peek() !== OPEN_BRACE) throw invalid('topic_properties must be an object.')
  const properties = new Map<string, string>()
  const seen = new Set<string>()
  let more = cursor.enter(OPEN_BRACE, CLOSE_BRACE)
  while (more) {
    if (cursor.peek() !== QUOTE) cursor.fail()
    const name = readText(cursor, PROPERTIES, NAMES_OF_PROPERTIES)
    if (seen.has(name)) throw invalid(`topic_properties has the member '${shown(name)}' twice.`)
    if (seen.size === PROPERTIES_LIMIT) throw invalid(`topic_properties has more than ${PROPERTIES_LIMIT} members.`)
    seen.add(name)
    cursor.expect(COLON)
    const value = readProperty(cursor, name)
    if (value !== null) properties.set(name, value)
    more = cursor.next(CLOSE_BRACE)
  }
  return properties
}

/** Reads the value of a property; null counts as absent. */
function readProperty(cursor: JsonCursor, name: string): string | null {
  if (readNull(cursor)) return null
  const byte = cursor.peek()
  if (byte === QUOTE) return readText(cursor, PROPERTIES, shown(name))
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET)
    throw invalid(`topic_properties.${shown(name)} must be a string, a number or a boolean.`)
  const start = cursor.position
  cursor.skipValue(2)
  limitLength(cursor.position - start, `topic_properties.${shown(name)}`)
  return cursor.bytes.toString('latin1', start, cursor.position)
}

function readText(cursor: JsonCursor, place: Place, member: string): string {
  const start = cursor.position + 1
  const escaped = cursor.skipString()
  const length = decodeText(cursor.bytes, start, cursor.position - 1, escaped, NOT_BASE64, place, member)
  limitLength(length, member === NAMES_OF_PROPERTIES ? 'A name in topic_properties' : `topic_properties.${member}`)
  return cursor.bytes.toString('utf8', start, start + length)
}

/** Throws if a text is too long for a request to Kafka, which would drop the connection that others share. */
function limitLength(bytes: number, what: string): void {
  if (bytes > PROPERTY_LIMIT_BYTES) throw invalid(`${what} is longer than ${PROPERTY_LIMIT_BYTES} bytes.`)
}

/** Returns as much of the caller's name as a message repeats. */
function shown(name: string): string {
  return name.slice(0, 64).toWellFormed()
}
