import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { gzipSync } from 'node:zlib'
import { ByteBudget } from '../core/byte-budget.ts'
import { acceptsGzip } from './accept-encoding.ts'
import type { Reply } from './answer.ts'
import type { Route } from './route.ts'

/** What anybody may read without a token: the same for all, as long as the process runs. */
export interface StaticPage {
  readonly path: string
  readonly contentType: string
  /** Besides the type, the caching and the coding. */
  readonly headers?: Readonly<Record<string, string>>
  /** Asked once, when the page is wanted for the first time. */
  readonly body: () => Buffer
}

interface Made {
  readonly plain: Buffer
  readonly packed: Buffer
  /** Weak: it stands for the page in both of its codings. */
  readonly etag: string
}

/** Of `If-None-Match`: whoever sends a longer one gets the page. */
const TAGS_LIMIT_CHARACTERS = 1024
/** Nobody has to show who they are for these: many readers that take their time must not fill the budget of all others. */
const BYTES_AT_A_TIME = 16 * 1024 * 1024

/** Returns the routes of pages, with an ETag each. They throw OVERLOADED if too many are being read. */
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

/** RFC 9110 §13.1.2: weakly compared. */
function knows(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined || ifNoneMatch.length > TAGS_LIMIT_CHARACTERS) return false
  const tags = ifNoneMatch.split(',').map(tag => tag.trim())
  return tags.some(tag => tag === '*' || tag === etag || `W/${tag}` === etag)
}
