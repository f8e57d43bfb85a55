import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { gzipSync } from 'node:zlib'
import { ByteBudget } from '../core/byte-budget.ts'
import { acceptsGzip } from './accept-encoding.ts'
import type { Reply } from './answer.ts'
import type { Route } from './route.ts'

/** A page for everybody, without a token. It stays the same while the process runs. */
export interface StaticPage {
  readonly path: string
  readonly contentType: string
  /** Further headers, beside type, caching and coding. */
  readonly headers?: Readonly<Record<string, string>>
  /** Called once, at the first request for the page. */
  readonly body: () => Buffer
}

interface Made {
  readonly plain: Buffer
  readonly packed: Buffer
  /** Weak, because it names the page in both codings. */
  readonly etag: string
}

/** Longest `If-None-Match` that is read; a longer one gets the page. */
const TAGS_LIMIT_CHARACTERS = 1024
/** Budget of all pages together: slow anonymous readers must not use up the budget of authenticated callers. */
const BYTES_AT_A_TIME = 16 * 1024 * 1024

/** Returns a route for each page, with an ETag. A handler throws OVERLOADED if too many pages are being read. */
export function staticRoutes(pages: readonly StaticPage[]): Route[] {
  const budget = new ByteBudget(BYTES_AT_A_TIME)
  return pages.map(page => {
    let made: Made | undefined
    return {
      method: 'GET',
      path: page.path,
      permission: 'public',
      body: { kind: 'ignored' },
      offers: [page.contentType],
      audit: null,
      handle(call) {
        made ??= make(page)
        const reply = replyWith(page, made, call.headers)
        call.hold(reply.body.length, budget)
        return reply
      }
    }
  })
}

function make(page: StaticPage): Made {
  const plain = page.body()
  return { plain, packed: gzipSync(plain, { level: 9 }), etag: `W/"${hash('sha256', plain, 'base64url')}"` }
}

function replyWith(
  { contentType, headers: own }: StaticPage,
  { plain, packed, etag }: Made,
  headers: IncomingHttpHeaders
): Reply {
  const gzipped = acceptsGzip(headers['accept-encoding'])
  return {
    status: knows(headers['if-none-match'], etag) ? 304 : 200,
    body: gzipped ? packed : plain,
    coded: true,
    counted: true,
    headers: {
      ...own,
      'Content-Type': contentType,
      'Cache-Control': 'no-cache',
      ETag: etag,
      ...(gzipped ? { 'Content-Encoding': 'gzip' } : {})
    }
  }
}

/** Returns whether the client has the page already. RFC 9110 §13.1.2: a weak comparison. */
function knows(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined || ifNoneMatch.length > TAGS_LIMIT_CHARACTERS) return false
  const tags = ifNoneMatch.split(',').map(tag => tag.trim())
  return tags.some(tag => tag === '*' || tag === etag || `W/${tag}` === etag)
}
