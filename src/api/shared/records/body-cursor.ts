import { isUtf8 } from 'node:buffer'
import { malformed } from './body-error.ts'
import { JsonCursor } from './json-cursor.ts'

const CLOSE_BRACE = 0x7d
const LINE_FEED = 0x0a
const SPACE = Buffer.from(' ')

/**
 * Starts at a body as a client sent it. Throws MALFORMED_JSON if it is not UTF-8 or begins with a byte order mark. The
 * cursor's bytes are a copy if the body has no stop at its end.
 */
export function bodyCursor(body: Buffer, depthLimit: number): JsonCursor {
  if (body.length >= 3 && body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf)
    throw malformed('The body begins with a byte order mark.')
  if (!isUtf8(body)) throw malformed('The body is not valid UTF-8.')
  return new JsonCursor(endsInStop(body) ? body : Buffer.concat([body, SPACE]), body.length, depthLimit)
}

/** Whether the last byte is one at which every loop of the cursor stops. */
function endsInStop(body: Buffer): boolean {
  return body.length > 0 && (body[body.length - 1] === CLOSE_BRACE || body[body.length - 1] === LINE_FEED)
}
