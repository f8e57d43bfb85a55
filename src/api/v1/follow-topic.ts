import { GatewayError } from '../../core/errors.ts'
import type { FollowRequest, Gateway } from '../../gateway/gateway.ts'
import type { Answer } from '../../http/answer.ts'
import type { HttpCall } from '../../http/call.ts'
import { chooseType } from '../../http/negotiate.ts'
import type { Convoys } from '../shared/follow/convoy.ts'
import { EVENT_FORM, eventStream } from '../shared/follow/event-stream.ts'
import { followStream } from '../shared/follow/follow-stream.ts'
import { jsonLines, LINE_FORM } from '../shared/follow/json-lines.ts'
import { openFollower } from '../shared/follow/open-follower.ts'
import { NO_PAGE } from '../shared/records/page-form.ts'
import { v1Error } from './errors.ts'
import { LINES } from './lines.ts'
import { followFrom, recordCount, waitMs } from './parameters.ts'
import { pageWriters, type PageEncoding, type PageWriters } from './record-form.ts'
import type { Selection } from './selection.ts'
import { requireShortPosition } from './topic-page.ts'

export const EVENTS = 'text/event-stream'
/** The page first: it is for all who do not ask for a stream by its name. */
export const OFFERS = ['application/json', EVENTS, ...LINES]
const STREAMS = new Set(OFFERS.slice(1))

const NOTHING = Buffer.alloc(0)

const events = pageWriters(EVENT_FORM)
const lines = pageWriters(LINE_FORM)

/** Returns the type of the stream that a client asks for by its name; undefined for a page. */
export function streamType(accept: string | undefined): string | undefined {
  const type = chooseType(accept, OFFERS)
  return type !== undefined && STREAMS.has(type) && accept?.toLowerCase().includes(type) === true ? type : undefined
}

export interface TopicStream {
  readonly request: FollowRequest
  readonly encodings: PageEncoding
  readonly selection: Selection | undefined
  readonly limitMs: number
}

/**
 * Answers with a stream of records that never ends by itself, unless `until` says so, or `count` or `wait` (JSON lines only).
 */
export async function followTopic(
  call: HttpCall,
  gateway: Gateway,
  convoys: Convoys,
  type: string,
  { request, encodings, selection, limitMs }: TopicStream
): Promise<Answer> {
  const { query } = call
  const isEvents = type === EVENTS
  // An EventSource would come back for ever.
  const refused = isEvents ? ['count', 'wait'].find(name => query.get(name) !== null) : undefined
  if (refused !== undefined)
    throw new GatewayError('INVALID_PARAMETER', `${refused} is not for ${EVENTS}: such a stream has no end.`)
  const wait = query.get('wait')
  const limits = selection?.limits ?? {}
  // What one identity may read in Kafka reaches no stream of another.
  const identity = call.begin().principal.kafka?.key
  const options = {
    topic: request.topic,
    convoys,
    name:
      selection?.request.until === undefined
        ? JSON.stringify([isEvents ? EVENTS : LINES, encodings, limits, { ...request, from: undefined }, identity])
        : undefined,
    limits,
    isSearch: selection?.isSearch === true,
    count: recordCount(query.get('count'), Infinity),
    idleMs: wait === null ? Infinity : waitMs(wait, limitMs),
    errorText: (error: GatewayError) => v1Error(error).body.toString()
  }
  const id = isEvents ? call.headers['last-event-id'] : undefined
  const isBack = typeof id === 'string' && id !== ''
  const from = isBack ? followFrom(id) : request.from
  call.beginStream('reads')
  const follower = await openFollower(call, gateway, { ...request, from, ...selection?.request, checked: true })
  requireShortPosition(follower)
  // Only this keeps an EventSource from coming back for ever (WHATWG HTML, section 9.2.1).
  if (isBack && follower.isComplete) return { status: 204, body: NOTHING }
  const { keys, values } = encodings
  const begin = (writers: PageWriters) => () => writers[keys][values].begin(NO_PAGE, selection?.cut)
  const form = isEvents ? eventStream(begin(events)) : jsonLines(begin(lines))
  return {
    status: 200,
    headers: { 'Content-Type': type },
    run: sink => followStream(call, follower, form, sink, options)
  }
}
