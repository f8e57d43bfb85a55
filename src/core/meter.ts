/** Requests of one route. */
export interface RouteMeter {
  /** `status` 0: no answer was given. */
  ended(status: number, seconds: number): void
}

/** Requests to one broker. */
export interface BrokerMeter {
  answered(apiKey: number, seconds: number, failed: boolean): void
  /** The broker throttles: it takes nothing more from the connection for so long. */
  throttled(apiKey: number, seconds: number): void
}

/** How many records of a request met which fate. */
export interface Fates {
  readonly stored: number
  readonly notStored: number
  readonly unknown: number
}

/** Why TLS was not agreed on with a client. */
export type TlsFailure = 'plain_http' | 'version' | 'cipher' | 'untrusted' | 'timeout' | 'closed' | 'other'

/**
 * What the layers report of themselves, a request or a batch at a time and never a record. Handles are asked for once
 * and kept: nothing is looked up by name on the way of a request.
 */
export interface Meter {
  /** `version` is that of its API, `path` the pattern of the route, such as `/v1/topics/{topic}`. */
  route(version: string, method: string, path: string): RouteMeter
  /** `broker` is its id, or `bootstrap`. */
  broker(broker: string): BrokerMeter
  /** A request has arrived; {@link RouteMeter.ended} tells of its end. */
  began(): void
  /** A request was answered with this code of the catalogue. */
  failed(code: string): void
  /** A caller was judged, by what was remembered of the token or anew. */
  judged(remembered: boolean): void
  /** A produce request was answered; `bytes` are those of its body. */
  produced(topic: string, bytes: number, fates: Fates): void
  /** A page was read; `bytes` are those of its keys and values. */
  consumed(topic: string, records: number, bytes: number): void
  /** A read from Kafka ended, well or not. */
  read(seconds: number): void
  /** A batch was made of what waited, the oldest for `queuedSeconds`. */
  batched(records: number, bytes: number, queuedSeconds: number): void
  /** A batch was sent again, or a read tried again. */
  retried(what: 'produce' | 'fetch'): void
  /** The configuration was read again, and its groups and rules are in force now, or not. */
  rulesReloaded(taken: boolean): void
  /** A client did not come to speak TLS. */
  tlsFailed(kind: TlsFailure): void
}

const nothing = () => undefined

/** Counts nothing. */
export const noMeter: Meter = {
  route: () => ({ ended: nothing }),
  broker: () => ({ answered: nothing, throttled: nothing }),
  began: nothing,
  failed: nothing,
  judged: nothing,
  produced: nothing,
  consumed: nothing,
  read: nothing,
  batched: nothing,
  retried: nothing,
  rulesReloaded: nothing,
  tlsFailed: nothing
}
