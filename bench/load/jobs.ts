import type { Endpoint } from './raw-client.ts'
import type { Contents, Source } from './reference.ts'

/** What the generator is to do; sent to its process. */
export interface Job {
  readonly endpoint: Endpoint
  readonly token: string
  readonly connections: number
  readonly seconds: number
  readonly work: Work
  /** Requests a second by the clock, whoever waits (open loop); each connection as fast as it is answered where left out. */
  readonly ratePerSecond?: number
}

export type Work =
  | {
      readonly kind: 'produce'
      readonly path: string
      readonly body: string
      readonly records: number
      /** JSON where left out. */
      readonly contentType?: string
    }
  /** A stream of lines a connection; `lines` are sent at a time. */
  | { readonly kind: 'produce-lines'; readonly path: string; readonly lines: string; readonly records: number }
  /** Each connection follows NextOffset through a partition, from its beginning again at the end; every page is checked. */
  | ({ readonly kind: 'pages' } & Source)
  /** Reads `count` records at random offsets below `end`; all are counted, some compared. */
  | {
      readonly kind: 'random'
      readonly topic: string
      readonly partitions: number
      readonly count: number
      readonly end: number
      readonly contents: Contents
    }
  /** Each connection reads a partition as one stream of JSON lines, from its beginning, again and again; records are counted. */
  | { readonly kind: 'lines'; readonly topic: string; readonly ends: readonly number[] }
  /** One consumer instance of Confluent's API, version 2, a connection; offsets must follow each other. */
  | {
      readonly kind: 'v2-consume'
      readonly topic: string
      /** Of all paths. */
      readonly prefix: string
      /** By partition. */
      readonly ends: readonly number[]
    }
  /** Single records are written by the clock, through another gateway, while each connection follows the topic. */
  | {
      readonly kind: 'tail'
      readonly topic: string
      /** Server-sent events, or pages that wait. */
      readonly view: 'events' | 'pages'
      readonly writer: { readonly endpoint: Endpoint; readonly token: string }
    }

export interface LoadResult {
  readonly requests: number
  readonly records: number
  /** Of the bodies sent (produce) or received. */
  readonly bytes: number
  readonly seconds: number
  /** Of the generator's own processor time. */
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
}
