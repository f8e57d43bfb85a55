import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from '../core/errors.ts'
import { remembered } from './remembered.ts'

const JSON_TYPE = /^application\/(?:[a-z0-9!#$&^_.-]+\+)?json$/

/** Throws UNSUPPORTED_MEDIA_TYPE and UNSUPPORTED_ENCODING. No media type at all counts as JSON. */
export function assertJsonBody(headers: IncomingHttpHeaders, contentType = headers['content-type'] ?? ''): void {
  const known = isPlain(headers) || isGzipped(headers)
  if (!known || !isChunkedAtMost(headers)) {
    throw new GatewayError('UNSUPPORTED_ENCODING', 'The body must be sent plain or with the content encoding gzip.', {
      headers: { 'Accept-Encoding': 'gzip' }
    })
  }
  if (!isJson(contentType)) {
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'The body must be JSON in UTF-8, declared as application/json.')
  }
}

/** Throws UNSUPPORTED_ENCODING if the body is not sent as it is. */
export function assertPlainCoding(headers: IncomingHttpHeaders): void {
  if (!isPlain(headers) || !isChunkedAtMost(headers))
    throw new GatewayError('UNSUPPORTED_ENCODING', 'A body that streams must be sent without a content encoding.')
}

function isPlain({ 'content-encoding': encoding = '' }: IncomingHttpHeaders): boolean {
  return ['', 'identity'].includes(encoding.toLowerCase())
}

/** A transfer encoding such as `gzip, chunked` is legal HTTP; the parser undoes only the last part of it. */
function isChunkedAtMost({ 'transfer-encoding': transfer = 'chunked' }: IncomingHttpHeaders): boolean {
  return transfer.toLowerCase() === 'chunked'
}

/** RFC 9110 §8.4.1.3: `x-gzip` is the same. Twice gzipped is another encoding. */
export function isGzipped(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['content-encoding']
  return encoding !== undefined && /^(?:x-)?gzip$/i.test(encoding)
}

function isJson(contentType: string): boolean {
  return contentType === 'application/json' || isJsonType(contentType)
}

/**
 * Not read by `parseType`: the library takes a quoted semicolon and a space before `=` for what RFC 9110 says, and this does
 * not, so v1 would take bodies that it refuses today, and refuse others.
 */
const isJsonType = remembered((contentType: string): boolean => {
  const [type, ...parameters] = contentType.split(';').map(part => part.trim().toLowerCase())
  if (type === '') return parameters.length === 0
  const charset = parameters
    .find(parameter => parameter.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '')
  return JSON_TYPE.test(type) && (charset === undefined || charset === 'utf-8' || charset === 'utf8')
})
