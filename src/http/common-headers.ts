const YEAR_S = 31_536_000

/** Returns the headers of every whole answer. */
export function commonHeaders(requestId: string, bodyBytes: number, secure: boolean): Record<string, string> {
  const headers: Record<string, string> = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(bodyBytes),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestId
  }
  if (secure) headers['Strict-Transport-Security'] = `max-age=${YEAR_S}`
  return headers
}

/** Returns the headers of every streamed answer: no cache or proxy may store it, change it or hold it back. */
export function streamHeaders(requestId: string, secure: boolean): Record<string, string> {
  const headers: Record<string, string> = {
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestId
  }
  if (secure) headers['Strict-Transport-Security'] = `max-age=${YEAR_S}`
  return headers
}
