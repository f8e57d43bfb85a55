import type { RequestLine } from '../core/log.ts'

let lastMs = 0
let lastTime = ''

/** Of many lines a millisecond only the first pays for the text of its time. */
function isoTime(): string {
  const nowMs = Date.now()
  if (nowMs !== lastMs) {
    lastMs = nowMs
    lastTime = new Date(nowMs).toISOString()
  }
  return lastTime
}

/**
 * A line of the access log in the form of all log lines. Written by hand: it is the one line that every request pays for,
 * and through the logger it cost five times as much. What a client has a say in goes through JSON.stringify.
 */
export function requestLine(line: RequestLine): string {
  const { requestId, method, path, status, code, principal, traceId, bytesIn, bytesOut, durationMs, aborted } = line
  return (
    `{"level":"info","time":"${isoTime()}","requestId":${JSON.stringify(requestId)},"method":${JSON.stringify(method)},` +
    `"path":${JSON.stringify(path)},"status":${status}${code === undefined ? '' : `,"code":"${code}"`}` +
    (principal === undefined ? '' : `,"principal":${JSON.stringify(principal)}`) +
    `${traceId === undefined ? '' : `,"traceId":"${traceId}"`},"bytesIn":${bytesIn},"bytesOut":${bytesOut},` +
    `"ms":${Math.round(durationMs * 10) / 10}${aborted ? ',"aborted":true' : ''},"msg":"request"}\n`
  )
}
