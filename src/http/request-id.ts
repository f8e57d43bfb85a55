import { randomUUID } from 'node:crypto'

const SANE = /^[A-Za-z0-9._-]{1,64}$/

/** Returns the id that a request brings in `X-Request-Id`, or a new one if it brings none that is valid. */
export function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && SANE.test(given) ? given : randomUUID()
}
