/** Counts the requests of one route. */
export interface RouteMeter {
  /** `status` is 0 if no answer was sent. */
  ended(status: number, seconds: number): void
}

/** Counts the requests to one broker. */
export interface BrokerMeter {
  answered(apiKey: number, seconds: number, failed: boolean): void
  /** The broker throttles (KIP-219): it reads nothing from the connection for so long. */
  throttled(apiKey: number, seconds: number): void
}

/** Numbers of records of a request by outcome. */
export interface Fates {
  readonly stored: number
  readonly notStored: number
  readonly unknown: number
}

/** How a caller proves who they are; `none` if a request carries no credential of a scheme that is on. */
export type CallerScheme = 'token' | 'api_key' | 'basic' | 'certificate' | 'none'
/** `refused`: 400 and 401; `denied`: known, but not permitted; `unavailable`: not judged now (429, 503). */
export type CallerOutcome = 'accepted' | 'refused' | 'denied' | 'unavailable'

/** Why the TLS handshake with a client failed. */
export type TlsFailure = 'plain_http' | 'version' | 'cipher' | 'untrusted' | 'timeout' | 'closed' | 'other'

/**
 * Receives what the layers report for metrics, by request or batch, never by record. Callers keep the handles for routes and
 * brokers, so that nothing is looked up by name during a request.
 */
export interface Meter {
  /** `version` is that of its API, `path` the pattern of the route, such as `/v1/topics/{topic}`. */
  route(version: string, method: string, path: string): RouteMeter
  /** `broker` is its id, or `bootstrap`. */
  broker(broker: string): BrokerMeter
  /** A request has begun; {@link RouteMeter.ended} counts its end. */
  began(): void
  /** A request was answered with this error code. */
  failed(code: string): void
  /** A caller was authenticated, by a remembered token or anew. */
  judged(remembered: boolean): void
  /** A credential was judged. */
  authenticated(scheme: CallerScheme, outcome: CallerOutcome): void
  /** A file of credentials was read, or could not be: then the old entries stay. */
  credentialsRead(file: string, usable: boolean): void
  /** A produce request was answered; `bytes` is the size of its body. */
  produced(topic: string, bytes: number, fates: Fates): void
  /** A page was read; `bytes` is the size of its keys and values. */
  consumed(topic: string, records: number, bytes: number): void
  /** A read from Kafka ended, successfully or not. */
  read(seconds: number): void
  /** A batch was closed; its oldest record had waited for `queuedSeconds`. */
  batched(records: number, bytes: number, queuedSeconds: number): void
  /** A batch was sent again, or a read retried. */
  retried(what: 'produce' | 'fetch'): void
  /** Groups and rules were read again, and applied or refused. */
  rulesReloaded(taken: boolean): void
  /** A TLS handshake with a client failed. */
  tlsFailed(kind: TlsFailure): void
  /** A consumer instance came here from another process. */
  tookOver(): void
  /** A consumer instance was given its partitions, after a takeover or a rebalance. */
  rebalanced(): void
}

const nothing = () => undefined

/** A meter that counts nothing. */
export const noMeter: Meter = {
  route: () => ({ ended: nothing }),
  broker: () => ({ answered: nothing, throttled: nothing }),
  began: nothing,
  failed: nothing,
  judged: nothing,
  authenticated: nothing,
  credentialsRead: nothing,
  produced: nothing,
  consumed: nothing,
  read: nothing,
  batched: nothing,
  retried: nothing,
  rulesReloaded: nothing,
  tlsFailed: nothing,
  tookOver: nothing,
  rebalanced: nothing
}
