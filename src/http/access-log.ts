import type { Log } from '../core/log.ts'
import type { Exchange } from './exchange.ts'

/** A path in the log is cut here. */
const LOGGED_PATH_CHARACTERS = 512

/** One line for a request that has ended: never its query, its headers or its body. */
export function logRequest(log: Log, exchange: Exchange): void {
  const { request, response, id, principal, code, bytesIn, bytesOut, startedMs } = exchange
  log.info(
    {
      requestId: id,
      method: request.method,
      path: (request.url ?? '').split('?', 1)[0].slice(0, LOGGED_PATH_CHARACTERS),
      status: response.headersSent ? response.statusCode : null,
      ...(code === undefined ? {} : { code }),
      ...(principal === undefined ? {} : { principal: principal.id }),
      bytesIn,
      bytesOut,
      ms: Math.round((performance.now() - startedMs) * 10) / 10,
      ...(response.writableFinished ? {} : { aborted: true })
    },
    'request'
  )
}
