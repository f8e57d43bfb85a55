import type { RequestLog } from '../core/log.ts'
import type { Exchange } from './exchange.ts'

/** A path in the log is cut here. */
const LOGGED_PATH_CHARACTERS = 512

/** One line for a request that has ended: never its query, its headers or its body. */
export function logRequest(log: RequestLog, exchange: Exchange): void {
  const { request, response, id, principal, trace, code, bytesIn, bytesOut, startedMs } = exchange
  const { url = '', method = '' } = request
  const query = url.indexOf('?')
  log.request({
    requestId: id,
    method,
    path: url.slice(0, Math.min(LOGGED_PATH_CHARACTERS, query < 0 ? url.length : query)),
    status: response.headersSent ? response.statusCode : null,
    code,
    principal: principal?.id,
    traceId: trace?.traceId,
    bytesIn,
    bytesOut,
    durationMs: performance.now() - startedMs,
    aborted: !response.writableFinished
  })
}
