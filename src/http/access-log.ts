import type { RequestLog } from '../core/log.ts'
import type { Exchange } from './exchange.ts'

/** A path in the log is cut here. */
const LOGGED_PATH_CHARACTERS = 512

/** One line for a request that has ended: never its query, its headers or its body. */
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
    aborted: !response.writableFinished,
    isProbe: exchange.kind === 'probe'
  })
}
