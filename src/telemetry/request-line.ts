import type { RequestLine } from '../core/log.ts'
import type { Principal } from '../core/principal.ts'

let lastMs = 0
let lastTime = ''

/** Formats the current time once a millisecond. */
function isoTime(): string {
  const nowMs = Date.now()
  if (nowMs !== lastMs) {
    lastMs = nowMs
    lastTime = new Date(nowMs).toISOString()
  }
  return lastTime
}

const texts = new WeakMap<Principal, string>()

/** Formats a principal once: requests with the same token share it. */
function textOf(principal: Principal): string {
  let text = texts.get(principal)
  if (text === undefined) {
    const { id, issuer } = principal
    text = `,"principal":${JSON.stringify(id)}${issuer === '' ? '' : `,"issuer":${JSON.stringify(issuer)}`}`
    texts.set(principal, text)
  }
  return text
}

/**
 * Formats a line of the access log like all log lines. Done by hand, because every request pays for it and the logger takes
 * five times as long. Whatever a client can influence goes through JSON.stringify.
 */
export function requestLine(line: RequestLine): string {
  const { requestId, address, method, path, status, code, principal, traceId } = line
  const { bytesIn, bytesOut, durationMs, aborted, isProbe } = line
  return (
    `{"level":"${isProbe ? 'debug' : 'info'}","time":"${isoTime()}","requestId":${JSON.stringify(requestId)},"method":${JSON.stringify(method)},` +
    `"path":${JSON.stringify(path)},"status":${status}${code === undefined ? '' : `,"code":"${code}"`}` +
    (address === undefined ? '' : `,"address":${JSON.stringify(address)}`) +
    (principal === undefined ? '' : textOf(principal)) +
    `${traceId === undefined ? '' : `,"traceId":"${traceId}"`},"bytesIn":${bytesIn},"bytesOut":${bytesOut},` +
    `"ms":${Math.round(durationMs * 10) / 10}${aborted ? ',"aborted":true' : ''},"msg":"request"}\n`
  )
}
