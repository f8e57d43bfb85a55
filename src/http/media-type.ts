import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../core/errors.ts'

const JSON_TYPE = /^application\/(?:[a-z0-9!#$&^_.-]+\+)?json$/

/** Throws UNSUPPORTED_MEDIA_TYPE and UNSUPPORTED_ENCODING. No media type at all counts as JSON. */
export function assertJsonBody(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding'] ?? ''
  const transfer = headers['transfer-encoding'] ?? 'chunked'
  // A transfer encoding such as `gzip, chunked` is legal HTTP; the parser undoes only the last part of it.
  if (!['', 'identity'].includes(encoding.toLowerCase()) || transfer.toLowerCase() !== 'chunked') {
    throw new GatewayError('UNSUPPORTED_ENCODING', 'The body must be sent without a content encoding.')
  }
  if (!isJson(headers['content-type'] ?? '')) {
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'The body must be JSON in UTF-8, declared as application/json.')
  }
}

function isJson(contentType: string): boolean {
  if (contentType === 'application/json') return true
  const [type, ...parameters] = contentType.split(';').map(part => part.trim().toLowerCase())
  if (type === '') return parameters.length === 0
  const charset = parameters
    .find(parameter => parameter.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '')
  return JSON_TYPE.test(type) && (charset === undefined || charset === 'utf-8' || charset === 'utf8')
}
