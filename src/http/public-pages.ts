import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { gzipSync } from 'node:zlib'
import { ByteBudget } from '../core/byte-budget.ts'
import { GatewayError } from '../core/errors.ts'
import { acceptsGzip } from './accept-encoding.ts'
import { Charge } from './charge.ts'
import type { Exchange, Reply } from './exchange.ts'

/** What anybody may read without a token: the same for all, as long as the process runs. */
export interface PublicPage {
  readonly method: 'GET'
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

/** The pages that need no token, besides health. */
export class PublicPages {
  readonly #pages: ReadonlyMap<string, PublicPage>
  readonly #made = new Map<PublicPage, Made>()
  readonly #budget = new ByteBudget(BYTES_AT_A_TIME)

  constructor(pages: readonly PublicPage[]) {
    this.#pages = new Map(pages.map(page => [page.path, page]))
  }

  /** The page that a target names, whatever follows it as a query; undefined for all others, as most are. */
  at(target: string): PublicPage | undefined {
    if (target.startsWith('/v1/')) return undefined
    return this.#pages.get(target.split('?', 1)[0])
  }

  /** Throws METHOD_NOT_ALLOWED, and OVERLOADED where too many are being read. */
  reply(page: PublicPage, exchange: Exchange): Reply {
    const { method, headers } = exchange.request
    if (method !== 'GET' && method !== 'HEAD') {
      throw new GatewayError('METHOD_NOT_ALLOWED', 'This page is read with GET.', { headers: { Allow: 'GET, HEAD' } })
    }
    const reply = replyWith(page, this.#make(page), headers)
    const charge = new Charge(this.#budget)
    charge.raiseTo(reply.body.length)
    exchange.charge = charge
    return reply
  }

  #make(page: PublicPage): Made {
    let made = this.#made.get(page)
    if (made === undefined) {
      const plain = page.body()
      made = { plain, packed: gzipSync(plain, { level: 9 }), etag: `W/"${hash('sha256', plain, 'base64url')}"` }
      this.#made.set(page, made)
    }
    return made
  }
}

function replyWith(
  { contentType, headers: own }: PublicPage,
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
