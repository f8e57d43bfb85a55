import { GatewayError } from '../../core/errors.ts'
import { chooseType, parseType } from '../../http/negotiate.ts'
import type { Format } from './record-form.ts'

/** Type of every answer but pages of records; also of errors. */
export const KAFKA_TYPE = 'application/vnd.kafka.v2+json'

/** Other names that clients have for JSON. */
const ANY_JSON = ['application/json', 'application/*+json'] as const

/** What answers about topics, partitions and brokers are offered as. */
export const OFFERS = [KAFKA_TYPE, ...ANY_JSON] as const

/** What a page of records is offered as: the type says the format, which is none with a schema. */
export const PAGE_OFFERS = [
  'application/vnd.kafka.binary.v2+json',
  'application/vnd.kafka.json.v2+json',
  'application/vnd.kafka.text.v2+json',
  KAFKA_TYPE,
  'application/vnd.kafka.binary.v1+json',
  'application/vnd.kafka.json.v1+json',
  ...ANY_JSON
] as const

/** Those of {@link PAGE_OFFERS} that have a name. */
export const PAGE_TYPES: readonly string[] = PAGE_OFFERS.filter(offer => !offer.includes('*'))

const instanceOffers = (format: Format): readonly string[] => [
  `application/vnd.kafka.${format}.v2+json`,
  KAFKA_TYPE,
  'application/json',
  `application/vnd.kafka.${format}.v1+json`
]

const INSTANCE_OFFERS: Readonly<Record<Format, readonly string[]>> = {
  binary: instanceOffers('binary'),
  json: instanceOffers('json'),
  text: instanceOffers('text')
}

export const PRODUCE_TYPES = [
  'application/vnd.kafka.json.v2+json',
  'application/vnd.kafka.binary.v2+json',
  'application/vnd.kafka.text.v2+json',
  KAFKA_TYPE,
  ...ANY_JSON,
  // Others are refused here, in the words of the dialect.
  '*/*'
] as const

const EMBEDDED = /^application\/vnd\.kafka\.(\w+)\.v[12]\+json$/
const JSON_TYPE = /^application\/(?:[a-z0-9!#$&^_.-]+\+)?json$/
/** Their records have a schema in a registry. */
const WITH_SCHEMA = new Set(['avro', 'jsonschema', 'protobuf'])

/** Returns the type that a client wants its answer as. Throws NOT_ACCEPTABLE, which says what there is. */
export function answerType(accept: string | undefined, offers: readonly string[]): string {
  const first = chooseType(accept, offers)
  // The type of a page says how its records are shown; elsewhere every type stands for the same JSON.
  const chosen = offers === PAGE_OFFERS && needsSchema(first) ? chooseWithoutSchema(accept, offers) : first
  if (chosen !== undefined) return chosen
  const named = offers.filter(offer => !offer.includes('*'))
  throw new GatewayError(
    'NOT_ACCEPTABLE',
    `Accept must allow one of ${named.join(', ')}, or any other type that ends in +json.`
  )
}

/** Returns the type of a poll's answer. Throws FORMAT_MISMATCH if the client takes no page in the format of its instance. */
export function instanceType(format: Format, accept: string | undefined): string {
  const own = `application/vnd.kafka.${format}.v2+json`
  const chosen = chooseType(accept, INSTANCE_OFFERS[format]) ?? chooseOtherJson(accept)
  if (chosen !== undefined) return chosen
  throw new GatewayError('FORMAT_MISMATCH', `The instance has the format ${format}: Accept must allow ${own}.`)
}

/** Throws UNSUPPORTED_MEDIA_TYPE for a body that is not said to be JSON. No media type at all counts as JSON. */
export function requireJson(contentType: string | undefined): void {
  const { type } = parseType(contentType)
  if (type === '' || JSON_TYPE.test(type)) return
  throw new GatewayError(
    'UNSUPPORTED_MEDIA_TYPE',
    `The Content-Type must be ${KAFKA_TYPE}, or another one that ends in +json.`
  )
}

/** Returns how the records of a body are written. Throws UNSUPPORTED_MEDIA_TYPE. */
export function produceFormat(contentType: string | undefined): Format {
  const { type } = parseType(contentType)
  const [, embedded = 'json'] = EMBEDDED.exec(type) ?? []
  if (embedded === 'binary' || embedded === 'json' || embedded === 'text') {
    if (type === '' || JSON_TYPE.test(type)) return embedded
  }
  const why = WITH_SCHEMA.has(embedded)
    ? `Records in ${embedded} need a schema registry, which the gateway does not use. `
    : ''
  throw new GatewayError(
    'UNSUPPORTED_MEDIA_TYPE',
    `${why}The Content-Type must be one of ${PRODUCE_TYPES.filter(each => !each.includes('*')).join(', ')}.`
  )
}

/** Returns how the records of a page are to be shown, of a type that {@link answerType} returned. */
export function pageFormat(type: string): Format {
  const [, embedded] = EMBEDDED.exec(type) ?? []
  if (embedded === 'binary' || embedded === 'json' || embedded === 'text') return embedded
  return type.startsWith('application/vnd.kafka.') ? 'binary' : 'json'
}

/** A type of Kafka's says another format, or none that there is. */
function chooseOtherJson(accept = ''): string | undefined {
  const ranges = accept.split(',').filter(range => !parseType(range).type.startsWith('application/vnd.kafka.'))
  return ranges.length === 0 ? undefined : chooseType(ranges.join(), ANY_JSON)
}

function chooseWithoutSchema(accept = '', offers: readonly string[]): string | undefined {
  const ranges = accept.split(',').filter(range => !needsSchema(parseType(range).type))
  return ranges.length === 0 ? undefined : chooseType(ranges.join(), offers)
}

function needsSchema(type = ''): boolean {
  const [, embedded = ''] = EMBEDDED.exec(type) ?? []
  return WITH_SCHEMA.has(embedded)
}
