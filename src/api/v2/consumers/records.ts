import { GatewayError } from '../../../core/errors.ts'
import type { RecordPage } from '../../../core/record-page.ts'
import type { PageSink, Unshowable } from '../../../gateway/instances/poll.ts'
import type { HttpCall, Query } from '../../../http/call.ts'
import { INT32_LIMIT } from '../../../http/limits.ts'
import { NO_BODY } from '../../shared/descriptions.ts'
import { PAGE_FRONT_BYTES, type PageText, type PageWriter } from '../../shared/records/page-writer.ts'
import { recycleText } from '../../shared/records/text-writer.ts'
import { ALL_EXTRAS, extrasIn, include } from '../extras.ts'
import { instanceType, KAFKA_TYPE, PAGE_OFFERS, PAGE_TYPES } from '../media-types.ts'
import { type Dialect, pageWriters } from '../record-form.ts'
import { pageExample, pageSchemaFor } from '../record-schemas.ts'
import { reply, type V2Route } from '../route.ts'
import { CONSUMERS_TAG, INSTANCE_PATH, instanceErrors, instanceParameters, namesIn, PERMISSION } from './shared.ts'

/** The text of a page, and its encrypted copy while the client takes it. */
const COPIES = 2
const WHOLE_NUMBER = /^-?\d{1,16}$/
/** How long a poll waits that does not say. */
const USUAL_WAIT_MS: Readonly<Record<Dialect, number>> = { confluent: 1000, strimzi: 100 }

/** Returns the call for an instance's records. */
export function pollRecords(dialect: Dialect): V2Route {
  const writerFor = pageWriters()
  return {
    method: 'GET',
    path: `${INSTANCE_PATH}/records`,
    permission: PERMISSION,
    body: NO_BODY,
    // Not the same list: the instance refuses a format that is not its own, those with a schema too.
    offers: [...PAGE_OFFERS],
    audit: 'poll',
    operation: {
      types: PAGE_TYPES,
      id: 'pollRecords',
      tag: CONSUMERS_TAG,
      summary: 'Get the next records of an instance.',
      description:
        'As soon as there are some; an empty list when the wait is over, or a newer poll has come. In the form that belongs to the instance. With auto commit, a poll commits what the one before returned.',
      parameters: [
        ...instanceParameters,
        {
          name: 'timeout',
          description:
            'Milliseconds to wait for a first record, up to `limits.waitMs`; when left out, what the instance was made with, else 1000 (Confluent) or 100 (Strimzi).',
          schema: { type: 'integer', minimum: -1 },
          examples: { second: { summary: 'A second', value: 1000 } }
        },
        {
          name: 'max_bytes',
          description: 'Of keys and values, as they are stored. One record at least is returned, if there is one.',
          schema: { type: 'integer', minimum: -1 },
          examples: { megabyte: { summary: 'A megabyte', value: 1_000_000 } }
        },
        include
      ],
      answers: {
        200: {
          description: 'Records, or none.',
          schema: pageSchemaFor(dialect),
          examples: { page: { summary: 'One record', value: pageExample(dialect) } }
        }
      },
      errors: [
        ...instanceErrors,
        'NOT_PERMITTED',
        'FORMAT_MISMATCH',
        'INSTANCE_STATE',
        'INVALID_PARAMETER',
        'UNREADABLE_RECORD',
        'CORRUPT_DATA',
        'LEADER_NOT_AVAILABLE'
      ]
    },
    async handle(call, { consumers }) {
      const { query, headers } = call
      const asked = { waitMs: numberIn(query, 'timeout'), maxBytes: numberIn(query, 'max_bytes') }
      const extras = extrasIn(query)
      const operation = call.begin()
      const names = namesIn(call)
      const waiting = async (wait: () => Promise<void>) => {
        await call.waiting(wait)
        call.reserve()
      }
      const sink = new TextSink(call, writerFor('binary', extras))
      const polled = await consumers.poll(operation, ...names, ({ format, dialect: made, waitMs: usual }) => {
        sink.begin(instanceType(format, headers.accept), writerFor(format, made === 'strimzi' ? ALL_EXTRAS : extras))
        const { waitMs = usual ?? USUAL_WAIT_MS[made], maxBytes = INT32_LIMIT } = asked
        return { waitMs, maxBytes, signal: call.signal, sink, waiting }
      })
      const { type, text } = sink
      if (text === undefined) return reply(200, [], type)
      return {
        status: 200,
        body: text.finish(),
        headers: { 'Content-Type': type },
        counted: true,
        frontBytes: PAGE_FRONT_BYTES,
        recycle: recycleText,
        ended: isWhole => (isWhole ? polled.sent() : polled.lost())
      }
    }
  }
}

/** Writes pages as the text of one answer. */
class TextSink implements PageSink {
  readonly #call: HttpCall
  /** Of what follows; it fits what the instance was made with when that is known. */
  #writer: PageWriter
  #bytes = 0
  /** Of the answer. */
  type: string = KAFKA_TYPE
  /** Undefined if there is nothing. */
  text: PageText | undefined

  constructor(call: HttpCall, writer: PageWriter) {
    this.#call = call
    this.#writer = writer
    call.reserve()
  }

  /** Call it before anything is added. */
  begin(type: string, writer: PageWriter): void {
    this.type = type
    this.#writer = writer
  }

  add(topic: string, page: RecordPage): Unshowable | undefined {
    this.#bytes += page.payloadBytes
    this.#call.hold(this.#bytes * COPIES)
    this.text ??= this.#writer.begin(page)
    const before = this.text.count
    const unshown = this.text.add(page, topic)
    return unshown && { record: this.text.count - before, member: unshown.member, wanted: unshown.wanted }
  }

  settle(records: number, bytes: number): void {
    this.#call.settle(records, bytes)
  }

  reset(): void {
    if (this.text !== undefined) recycleText(this.text.finish())
    this.text = undefined
    this.#bytes = 0
  }
}

/** Undefined for what is left out, or negative. Throws INVALID_PARAMETER. */
function numberIn(query: Query, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!WHOLE_NUMBER.test(text)) throw new GatewayError('INVALID_PARAMETER', `${name} must be a whole number.`)
  const value = Number(text)
  return value < 0 ? undefined : Math.min(value, INT32_LIMIT)
}
