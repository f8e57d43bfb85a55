import type { RequestLog } from '../core/log.ts'
import type { Exchange } from './exchange.ts'

/** Longest path in the log; the rest is cut off. */
const LOGGED_PATH_CHARACTERS = 512

/** Writes the access line of a request that has ended. It never holds the query, a header or the body. */
export function logRequest(log: RequestLog, exchange: Exchange): void {
  const { request, response, id, target, principal, trace, bytesIn, bytesOut, startedMs } = exchange
  const query = target.indexOf('?')
  log.request({
    requestId: id,
    address: exchange.address,
    method: request.method ?? '',
    path: target.slice(0, Math.min(LOGGED_PATH_CHARACTERS, query < 0 ? target.length : query)),
    status: exchange.status,
    code: exchange.reason,
    principal,
    traceId: trace?.traceId,
    bytesIn,
    bytesOut,
    durationMs: performance.now() - startedMs,
    aborted: !response.writableFinished && exchange.upgraded !== 'closed',
    isProbe: exchange.kind === 'probe'
  })
}
