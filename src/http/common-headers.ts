const YEAR_S = 31_536_000

/** What every whole answer carries, whoever writes it. */
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

/** What every answer that streams carries: no cache and no proxy may keep it, change it or hold it back. */
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
